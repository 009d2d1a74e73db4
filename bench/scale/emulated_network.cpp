// A switch with cables of a certain speed and length, for bench/scale: each port is a TUN device in a network namespace of its
// own. Whoever starts it gives the devices addresses 10.77.0.1, 10.77.0.2, ... in the order of the ports. It needs root, and ends
// when its standard input does. The kernel's own netem would do the same where it is there.

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

namespace {

using WireClock = std::chrono::steady_clock;
using Time = WireClock::time_point;

constexpr std::size_t kLongestPacket = 65536;
constexpr std::size_t kDestination = 19;  ///< the last byte of an IPv4 packet's address

struct Packet {
  Time due;
  std::vector<std::byte> bytes;
};

/// One machine's cable, both ways. A packet leaves its machine as soon as the ones before it have left, and enters the next as
/// soon as the ones before it have come: each way has the whole speed. Nothing is ever lost.
struct Port {
  int file = -1;
  Time up_free, down_free;
  bool backlogged = false;    ///< there was a packet whenever one could leave
  std::deque<Packet> coming;  ///< by time
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "emulated_network: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

/// A TUN device 'link' in the namespace; this process stays where it was.
int device_in(const std::string& name_space) {
  const int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const std::string path = "/run/netns/" + name_space;
  const int theirs = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (own < 0 || theirs < 0 || setns(theirs, CLONE_NEWNET) != 0) fail("'" + path + "' is no namespace that can be entered");
  const int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, "link", IFNAMSIZ - 1);
  if (file < 0 || ioctl(file, TUNSETIFF, &request) != 0) fail("no TUN device in '" + name_space + "'");
  if (setns(own, CLONE_NEWNET) != 0) fail("the way back from '" + name_space + "'");
  close(own);
  close(theirs);
  return file;
}

class Network {
 public:
  Network(double gigabits, double milliseconds)
      : nanoseconds_per_byte_(8 / gigabits), latency_(static_cast<std::int64_t>(milliseconds * 1e6)), packet_(kLongestPacket) {}

  void add(int file) {
    ports_.emplace_back();
    ports_.back().file = file;
  }

  /// Until standard input ends.
  void run() {
    std::vector<pollfd> files(ports_.size() + 1);
    for (;;) {
      const Time now = WireClock::now();
      Time next = now + std::chrono::seconds(1);
      for (std::size_t i = 0; i < ports_.size(); ++i) {
        deliver(ports_[i], now);
        take(ports_[i], now);
        if (!ports_[i].coming.empty()) next = std::min(next, ports_[i].coming.front().due);
        if (ports_[i].backlogged) next = std::min(next, ports_[i].up_free);
        // Where the cable is busy nothing is read, so that the sender's own queue fills, as it does before a slow card.
        files[i] = {ports_[i].file, static_cast<short>(ports_[i].backlogged ? 0 : POLLIN), 0};
      }
      files.back() = {STDIN_FILENO, POLLIN, 0};
      const auto rest = std::max<std::int64_t>(0, (next - WireClock::now()).count());
      const timespec wait{rest / 1'000'000'000, rest % 1'000'000'000};
      if (ppoll(files.data(), files.size(), &wait, nullptr) < 0 && errno != EINTR) fail("poll");
      if (files.back().revents != 0) {
        char text[64];
        if (read(STDIN_FILENO, text, sizeof text) <= 0) return;
      }
    }
  }

 private:
  void deliver(Port& port, Time now) {
    for (; !port.coming.empty() && port.coming.front().due <= now; port.coming.pop_front()) {
      const Packet& packet = port.coming.front();
      if (write(port.file, packet.bytes.data(), packet.bytes.size()) < 0 && errno != EIO) fail("write");
    }
  }

  void take(Port& port, Time now) {
    while (port.up_free <= now) {
      const ssize_t bytes = read(port.file, packet_.data(), packet_.size());
      if (bytes <= 0) {
        port.backlogged = false;
        return;
      }
      const Time start = port.backlogged ? port.up_free : now;
      const std::chrono::nanoseconds on_cable(static_cast<std::int64_t>(nanoseconds_per_byte_ * static_cast<double>(bytes)));
      port.up_free = start + on_cable;
      port.backlogged = true;
      pass_on(static_cast<std::size_t>(bytes), start, on_cable);
    }
  }

  void pass_on(std::size_t bytes, Time start, std::chrono::nanoseconds on_cable) {
    const auto to = std::to_integer<std::size_t>(packet_[kDestination]) - 1;
    const bool is_v4 = bytes > kDestination && std::to_integer<int>(packet_[0]) >> 4 == 4;
    if (!is_v4 || to >= ports_.size()) return;
    Port& port = ports_[to];
    port.down_free = std::max(start, port.down_free) + on_cable;
    port.coming.push_back({port.down_free + latency_, {packet_.begin(), packet_.begin() + static_cast<std::ptrdiff_t>(bytes)}});
  }

  double nanoseconds_per_byte_;
  std::chrono::nanoseconds latency_;
  std::vector<std::byte> packet_;
  std::vector<Port> ports_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::fprintf(stderr, "usage: emulated_network GIGABITS_PER_SECOND MILLISECONDS_ONE_WAY NAMESPACE NAMESPACE ...\n");
    return 2;
  }
  const double gigabits = std::atof(arguments[1]), milliseconds = std::atof(arguments[2]);
  if (!(gigabits > 0) || !(milliseconds >= 0)) {
    std::fprintf(stderr, "emulated_network: '%s' Gb/s, '%s' ms: a speed is above 0, a time not below\n", arguments[1],
                 arguments[2]);
    return 2;
  }
  Network network(gigabits, milliseconds);
  for (int i = 3; i < count; ++i) network.add(device_in(arguments[i]));
  prctl(PR_SET_TIMERSLACK, 1);
  const sched_param first{20};
  if (sched_setscheduler(0, SCHED_FIFO, &first) != 0)
    std::fprintf(stderr, "emulated_network: no real-time priority; times are less exact\n");
  std::puts("ready");
  std::fflush(stdout);
  network.run();
}
