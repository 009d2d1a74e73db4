#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include <httplib.h>

namespace glissade::apps {

/// One client's socket. A request as a whole has so much time to arrive, and its answer as much to be taken, so that a client
/// that sends a byte now and then holds a thread no longer than any other. Of one thread.
class Connection : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;

  /// Does not own the socket.
  explicit Connection(int socket) : socket_(socket) {}

  /// For the request that comes next, from now on, and again for its answer, from its first byte on, at least a second.
  void begin_request(Clock::duration limit) noexcept;
  /// Whether the request was waited for in vain.
  bool is_late() const noexcept { return late_; }
  /// Whether bytes are there, or come within that time.
  bool waits_for_bytes(std::chrono::milliseconds at_most) const;

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* bytes, std::size_t size) override;
  ssize_t write(const char* bytes, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  int socket() const override { return socket_; }

 private:
  /// Whether the socket gets ready before the deadline.
  bool ready(short events) const;

  int socket_;
  Clock::duration answer_limit_{};
  Clock::time_point deadline_{};
  bool late_ = false;
  bool writes_ = false;
  std::array<char, 16384> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< of what was received and not read
};

}  // namespace glissade::apps
