#pragma once

namespace glissade::apps {

/// While it lives, the first SIGINT or SIGTERM is remembered instead of ending the process, so that training can stop between two
/// steps; a second one ends the process at once. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// The signal that came, 0 if none.
  static int signal() noexcept;
  /// What a shell expects of a process that such a signal ended: 128 + signal.
  static int exit_status() noexcept { return 128 + signal(); }
};

/// Writing to a pipe that nobody reads any more fails with EPIPE instead of ending the process.
void ignore_broken_pipes() noexcept;

}  // namespace glissade::apps
