#include "apps/serve/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace glissade::apps {
namespace {

int poll_socket(int socket, short events, std::chrono::milliseconds at_most) {
  pollfd one{socket, events, 0};
  return ::poll(&one, 1, static_cast<int>(std::max<std::chrono::milliseconds::rep>(at_most.count(), 0)));
}

}  // namespace

bool Connection::waits_for_bytes(std::chrono::milliseconds at_most) const {
  return begin_ < end_ || poll_socket(socket_, POLLIN, at_most) > 0;
}

void Connection::begin_request(Clock::duration limit) noexcept {
  answer_limit_ = std::max<Clock::duration>(limit, std::chrono::seconds(1));
  deadline_ = Clock::now() + limit;
  late_ = writes_ = false;
}

bool Connection::ready(short events) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0) return false;
    const int found = poll_socket(socket_, events, left);
    if (found > 0) return true;
    if (found < 0 && errno != EINTR) return false;
  }
}

bool Connection::is_readable() const { return begin_ < end_ || ready(POLLIN); }
bool Connection::is_writable() const { return ready(POLLOUT); }

ssize_t Connection::read(char* bytes, std::size_t size) {
  if (begin_ == end_) {
    ssize_t got = 0;
    do {
      if (!ready(POLLIN)) {
        late_ = true;
        return -1;
      }
      got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got <= 0) return got;
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
  }
  const std::size_t count = std::min(size, end_ - begin_);
  std::memcpy(bytes, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, std::size_t size) {
  if (!writes_) deadline_ = Clock::now() + answer_limit_;
  writes_ = true;
  for (;;) {
    if (!ready(POLLOUT)) return -1;
    const ssize_t sent = ::send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0 || (errno != EINTR && errno != EAGAIN)) return sent;
  }
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}
void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace glissade::apps
