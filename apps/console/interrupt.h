#pragma once

namespace glissade::apps {

/// While it lives, SIGINT, SIGTERM and SIGHUP no longer end the process by themselves. One at a time; not for two threads.
///
/// At first, and while there is nothing worth keeping, a signal ends the process at once, from within the handler, with the line
/// "glissade: interrupted while ...; nothing to save yet" and the status 128 + signal. After keep_what_is_trained() the first
/// signal is acknowledged with a line and remembered, so that the work can stop where it may and save its state; the second one
/// ends the process at once. A hang-up stays ignored where it was before (nohup).
class InterruptGuard {
 public:
  /// Quiet: no acknowledgement.
  explicit InterruptGuard(bool quiet);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// What goes on until the next call, such as "reading the data", with nothing to keep, or nothing beyond what `state` says. The
  /// texts must outlive the guard.
  static void nothing_to_save_while(const char* what, const char* state = "nothing to save yet") noexcept;
  /// From now on a signal is remembered.
  static void keep_what_is_trained() noexcept;

  /// The signal that came, 0 if none.
  static int signal() noexcept;
  /// What a shell expects of a process that such a signal ended: 128 + signal.
  static int exit_status() noexcept { return 128 + signal(); }
};

/// For a forked child that writes a file: what a terminal, a service manager or a batch system sends to the whole process group
/// is the parent's to answer.
void leave_interrupts_to_parent() noexcept;

/// "SIGTERM", or "another signal". A handler may call it.
const char* signal_name(int signal) noexcept;

/// Writing to a pipe that nobody reads any more fails with EPIPE instead of ending the process.
void ignore_broken_pipes() noexcept;

}  // namespace glissade::apps
