#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include <httplib.h>

#include <glissade/result.h>

namespace glissade::apps {

class Connection;

/// HTTP over plain sockets: a thread for each connection, as many connections as one says, and an end that waits for what is
/// being answered. Routes are added as to any httplib::Server, before run().
class HttpServer : public httplib::Server {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::uint32_t connections = 256;                               ///< further ones are answered 503 and closed
    std::chrono::milliseconds request = std::chrono::seconds(10);  ///< to read it; and again to write the answer
    std::chrono::milliseconds idle = std::chrono::seconds(60);     ///< between two requests of a connection
  };
  explicit HttpServer(const Limits& limits);

  /// Port 0: any that is free. Returns the port. Run-time error where it is taken or is not this machine's.
  Result<std::uint16_t> open(const std::string& host, std::uint16_t port);
  /// Answers until drain() was called and the last request is answered.
  bool run() { return listen_after_bind(); }
  /// No new connection, no new request on an open one. From another thread than run()'s; waits until that runs.
  void drain();

  bool drains() const noexcept { return drains_; }
  std::uint32_t connections() const noexcept { return open_; }
  /// When the request that this thread answers began to arrive.
  static Clock::time_point request_begin() noexcept;
  /// Whether it did not arrive in time.
  static bool request_is_late() noexcept;
  /// Its connection ends behind the answer: what is left of it on the way is no request.
  static void end_after_answer() noexcept;

 private:
  bool process_and_close_socket(int socket) override;
  void answer_all(int socket);
  bool waits_for_request(const Connection& connection) const;
  bool answer_next(Connection& connection);

  Limits limits_;
  std::atomic<std::uint32_t> open_ = 0;
  std::atomic<bool> drains_ = false;
};

}  // namespace glissade::apps
