#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include <glissade/model.h>
#include <glissade/result.h>

namespace glissade::apps {

/// Saves a model while training goes on: a forked child writes the state of the moment of the fork, whose pages the kernel copies
/// as training changes them. The child dies with its parent; what it had written by then is a temporary file. One save at a time.
/// What was copied has lost its huge pages; a thread brings them back when the child has ended.
class BackgroundSave {
 public:
  struct Outcome {
    Result<void> written;
    double seconds = 0;  ///< from the begin to when the end was noticed
  };

  BackgroundSave() = default;
  BackgroundSave(const BackgroundSave&) = delete;
  BackgroundSave& operator=(const BackgroundSave&) = delete;
  /// Waits for the child.
  ~BackgroundSave();

  bool busy() const noexcept { return child_ > 0; }

  /// Begins to save `model`, training state included, to `path`; not while busy(). Where no process can be had it is saved here
  /// and now.
  void start(const Model& model, const std::string& path);

  /// What became of it, once: nothing while it goes on, or if none was started.
  std::optional<Outcome> poll();
  std::optional<Outcome> wait();

 private:
  std::optional<Outcome> collect(int wait_options);
  [[noreturn]] void run_child(const Model& model, const std::string& path, pid_t parent) noexcept;

  std::string path_;
  pid_t child_ = 0;
  int messages_ = -1;  ///< read end of the pipe for the child's message
  std::chrono::steady_clock::time_point started_;
  std::optional<Outcome> done_;
  std::jthread restoring_;  ///< huge pages
};

}  // namespace glissade::apps
