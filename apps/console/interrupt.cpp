#include "apps/console/interrupt.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace glissade::apps {
namespace {

constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};

// A signal handler can reach nothing else. Written by the handler and by the guard; whichever thread a signal meets.
std::atomic<int> received = 0;
std::atomic<const char*> activity = nullptr;  // null: there is something to keep
std::atomic<const char*> left = nullptr;      // what the line says of files
std::atomic<bool> acknowledges = false;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<const char*>::is_always_lock_free);

std::array<struct sigaction, kSignals.size()> before;

/// Puts a line together and writes it with calls that a handler may make.
class HandlerLine {
 public:
  HandlerLine& operator<<(const char* text) noexcept {
    const std::size_t more = std::min(std::strlen(text), buffer_.size() - size_);
    std::memcpy(buffer_.data() + size_, text, more);
    size_ += more;
    return *this;
  }
  void write() noexcept {
    // A closed terminal must not keep a state from being saved.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, buffer_.data(), size_);
  }

 private:
  std::array<char, 256> buffer_;
  std::size_t size_ = 0;
};

/// What goes before a line where a terminal shows "^C" or a line that is rewritten in place.
const char* fresh_line() noexcept { return ::isatty(STDERR_FILENO) == 1 ? "\r\x1b[K" : ""; }

void handle(int signal) {
  const int error = errno;
  if (const char* const doing = activity.load()) {
    HandlerLine line;
    line << fresh_line() << "glissade: interrupted while " << doing << "; " << left.load() << "\n";
    line.write();
    ::_exit(128 + signal);
  }
  if (received.exchange(signal) != 0) {
    std::signal(signal, SIG_DFL);
    ::raise(signal);  // takes effect when this handler returns
  } else if (acknowledges.load()) {
    HandlerLine line;
    line << fresh_line() << signal_name(signal) << ": stopping after this step, to save the state; a second "
         << (signal == SIGINT ? "Ctrl-C" : "signal") << " ends at once\n";
    line.write();
  }
  errno = error;
}

}  // namespace

InterruptGuard::InterruptGuard(bool quiet) {
  received = 0;
  acknowledges = !quiet;
  nothing_to_save_while("getting ready");
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) sigaddset(&action.sa_mask, signal);  // one after the other
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before[i]);
    if (kSignals[i] == SIGHUP && before[i].sa_handler == SIG_IGN) continue;
    ::sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before[i], nullptr);
}

void InterruptGuard::nothing_to_save_while(const char* what, const char* state) noexcept {
  left = state;
  activity = what;
}

void InterruptGuard::keep_what_is_trained() noexcept { activity = nullptr; }

int InterruptGuard::signal() noexcept { return received; }

void leave_interrupts_to_parent() noexcept {
  for (const int signal : kSignals) std::signal(signal, SIG_IGN);
}

const char* signal_name(int signal) noexcept {
  switch (signal) {
    case SIGHUP: return "SIGHUP";
    case SIGINT: return "SIGINT";
    case SIGKILL: return "SIGKILL";
    case SIGTERM: return "SIGTERM";
    case SIGABRT: return "SIGABRT";
    case SIGBUS: return "SIGBUS";
    case SIGSEGV: return "SIGSEGV";
    case SIGXCPU: return "SIGXCPU";
    case SIGXFSZ: return "SIGXFSZ";
    default: return "another signal";
  }
}

void ignore_broken_pipes() noexcept { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace glissade::apps
