#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

#include <glissade/phases.h>

#include "engine/progress/stopwatch.h"

namespace glissade {

/// How far a long computation is, told to a callback ten times a second, and the callback's wish that it stops. One thread begins
/// activities; any thread advances them. A default-made monitor reports nothing and never stops.
class WorkMonitor {
 public:
  /// `share` of the activity is done; false to stop. Called by one thread at a time.
  using Report = std::function<bool(Activity activity, double share)>;

  WorkMonitor() = default;
  explicit WorkMonitor(Report report) : report_(std::move(report)) {}
  WorkMonitor(const WorkMonitor&) = delete;
  WorkMonitor& operator=(const WorkMonitor&) = delete;

  /// One that tells nobody, for computations that are short.
  static WorkMonitor& silent() noexcept;

  /// A part of an activity, by its shares of the work at its begin and end.
  struct Part {
    double begin = 0, end = 1;
  };
  /// Begins this part of an activity, which has `units` of work. Not while threads advance the one before. False once
  /// stopped.
  bool begin(Activity activity, std::uint64_t units, Part part = {0, 1});
  /// So many more units are done. Costs a clock reading: advance in units of some microseconds at least. False once stopped.
  bool advance(std::uint64_t units = 1);
  // Relaxed: a thread that learns of it late does one more unit.
  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

 private:
  void tell();

  Report report_;
  Activity activity_ = Activity::steps;
  std::uint64_t units_ = 1;
  Part part_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  ///< guards the call of report_ and next_
  Stopwatch watch_;
  double next_ = 0;
};

}  // namespace glissade
