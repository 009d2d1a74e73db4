#include "apps/console/interrupt.h"

#include <csignal>

namespace glissade::apps {
namespace {

// A signal handler can reach nothing else; written only there and by the guard.
volatile std::sig_atomic_t received = 0;

void remember(int signal) { received = signal; }

void install(int signal) {
  struct sigaction action = {};
  action.sa_handler = remember;
  // The default action comes back with the first signal; blocking reads and writes go on.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  received = 0;
  install(SIGINT);
  install(SIGTERM);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

int InterruptGuard::signal() noexcept { return received; }

void ignore_broken_pipes() noexcept { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace glissade::apps
