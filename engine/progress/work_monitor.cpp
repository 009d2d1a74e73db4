#include "engine/progress/work_monitor.h"

#include <algorithm>

namespace glissade {
namespace {

constexpr double kSeconds = 0.1;  ///< from one report to the next

}  // namespace

WorkMonitor& WorkMonitor::silent() noexcept {
  static WorkMonitor monitor;
  return monitor;
}

bool WorkMonitor::begin(Activity activity, std::uint64_t units, Part part) {
  if (!report_) return true;
  activity_ = activity;
  units_ = std::max<std::uint64_t>(1, units);
  part_ = part;
  done_.store(0, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  next_ = watch_.seconds() + kSeconds;
  tell();
  return !stopped();
}

bool WorkMonitor::advance(std::uint64_t units) {
  if (!report_) return true;
  done_.fetch_add(units, std::memory_order_relaxed);
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || watch_.seconds() < next_) return !stopped();
  next_ = watch_.seconds() + kSeconds;
  tell();
  return !stopped();
}

void WorkMonitor::tell() {
  const double done = static_cast<double>(done_.load(std::memory_order_relaxed)) / static_cast<double>(units_);
  const double share = part_.begin + (part_.end - part_.begin) * std::min(1.0, done);
  if (!report_(activity_, share)) stopped_.store(true, std::memory_order_relaxed);
}

}  // namespace glissade
