#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <glissade/result.h>

namespace CLI {
class App;
}

namespace glissade::apps {

/// Holds the whole process to a number of threads while it lives. Reading, training and predicting all run on oneTBB.
class ThreadLimit {
 public:
  /// 0 = all that the process may use.
  explicit ThreadLimit(std::uint32_t threads);
  ~ThreadLimit();
  ThreadLimit(ThreadLimit&&) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What `threads` means on this machine: the number itself, or all that the process may use for 0.
std::uint32_t effective_threads(std::uint32_t threads);
/// How many there may be now, under all limits that live.
std::uint32_t allowed_threads();

/// `--threads` for the commands that have no Config.
class ThreadsOption {
 public:
  void add_options(CLI::App& parser);
  Result<ThreadLimit> limit() const;

 private:
  std::string text_ = "0";
};

}  // namespace glissade::apps
