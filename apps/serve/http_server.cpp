#include "apps/serve/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "apps/serve/connection.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

using std::chrono::milliseconds;

constexpr int kBacklog = 512;      ///< connections that the system takes before this process does
constexpr milliseconds kLook{50};  ///< between two looks whether the server drains
/// Threads beyond the limit of connections: they tell those that come too many.
constexpr std::uint32_t kRefusing = 16;

// Of the request that a thread answers.
thread_local HttpServer::Clock::time_point begin_of_request;
thread_local const Connection* connection_of_request = nullptr;
thread_local bool none_follows = false;

/// A thread for each connection. Where too many are at work the next one waits in the system's queue.
class ConnectionThreads : public httplib::TaskQueue {
 public:
  explicit ConnectionThreads(std::uint32_t most) : most_(most) {}

  void enqueue(std::function<void()> work) override {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return running_ < most_; });
      ++running_;
    }
    const auto whole = [this, work = std::move(work)] {
      work();
      const std::lock_guard lock(mutex_);
      --running_;
      changed_.notify_all();  // under the lock: behind it this object may be gone
    };
    try {
      std::thread(whole).detach();
    } catch (const std::system_error&) {
      whole();  // no further thread is to be had
    }
  }

  void shutdown() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint32_t running_ = 0;
  std::uint32_t most_;
};

/// One server alone has the port; after its end the next one may have it at once.
void set_options(int socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

void refuse(int socket) {
  constexpr std::string_view kBody = "{\"error\":\"too many connections; try again, or raise --connections\"}";
  const std::string text = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\n"
      "Content-Length: {}\r\n\r\n{}",
      kBody.size(), kBody);
  Connection connection(socket);
  connection.begin_request(milliseconds(1000));
  connection.write(text.data(), text.size());
}

/// Whether what follows the request on its connection is the next one. The library reads the bodies of these methods alone, and
/// of two lengths the first: what another server in between would call a body must not be taken for a request.
bool ends_where_next_begins(const httplib::Request& request) {
  const bool chunked = request.has_header("Transfer-Encoding");
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  if (!chunked && lengths == 0) return true;
  const bool reads_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  return reads_body && !request.is_multipart_form_data() && (chunked ? lengths == 0 : lengths == 1);
}

}  // namespace

HttpServer::HttpServer(const Limits& limits) : limits_(limits) {
  set_socket_options(set_options);
  new_task_queue = [most = limits.connections + kRefusing] { return new ConnectionThreads(most); };
  set_tcp_nodelay(true);
  // Told to clients; answer_all() does it.
  set_keep_alive_max_count(1000000);
  set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(limits.idle).count());
}

HttpServer::Clock::time_point HttpServer::request_begin() noexcept { return begin_of_request; }
void HttpServer::end_after_answer() noexcept { none_follows = true; }
bool HttpServer::request_is_late() noexcept { return connection_of_request->is_late(); }

Result<std::uint16_t> HttpServer::open(const std::string& host, std::uint16_t port) {
  errno = 0;
  const int bound = port == 0 ? bind_to_any_port(host) : (bind_to_port(host, port) ? port : -1);
  if (bound <= 0)
    return runtime_error(fmt::format("cannot listen on {}:{}{}; another --port or --host, or end what has it", host, port,
                                     errno == 0 ? "" : ": " + system::error_text(errno)));
  ::listen(svr_sock_, kBacklog);  // the library's 5 makes those that come at once try again a second later
  return static_cast<std::uint16_t>(bound);
}

void HttpServer::drain() {
  while (!is_running()) std::this_thread::sleep_for(milliseconds(1));
  drains_ = true;
  stop();
}

bool HttpServer::process_and_close_socket(int socket) {
  if (++open_ > limits_.connections) {
    refuse(socket);
  } else {
    answer_all(socket);
  }
  --open_;
  // What a client still sends must not turn the answer that it has not read yet into a reset.
  ::shutdown(socket, SHUT_WR);
  Connection rest(socket);
  rest.begin_request(kLook);
  std::array<char, 4096> ignored;
  while (rest.read(ignored.data(), ignored.size()) > 0) {
  }
  ::close(socket);
  return true;
}

void HttpServer::answer_all(int socket) {
  Connection connection(socket);
  connection_of_request = &connection;
  bool open = true;
  while (open) open = waits_for_request(connection) && answer_next(connection);
  connection_of_request = nullptr;
}

bool HttpServer::waits_for_request(const Connection& connection) const {
  const auto idle_end = Clock::now() + limits_.idle;
  bool begins = connection.waits_for_bytes(milliseconds(0));
  while (!begins && !drains_ && Clock::now() < idle_end) begins = connection.waits_for_bytes(kLook);
  return begins;
}

/// False where no other request can follow.
bool HttpServer::answer_next(Connection& connection) {
  const bool last = drains_;
  bool closed = false;
  begin_of_request = Clock::now();
  connection.begin_request(limits_.request);
  none_follows = true;  // a request whose head cannot be read ends nowhere
  const auto look = [](httplib::Request& request) {
    none_follows = !ends_where_next_begins(request);
    if (none_follows) request.headers.emplace("Connection", "close");
  };
  return process_request(connection, last, closed, look) && !none_follows && !last && !closed && !connection.is_late();
}

}  // namespace glissade::apps
