#include "hashing/schedule.h"

#include <cassert>
#include <cmath>

namespace glissade::hashing {

RehashSchedule::RehashSchedule(const ScheduleParams& params) noexcept
    : params_(params), period_(static_cast<double>(params.period)) {
  assert(params.period > 0);
  assert(params.kind != ScheduleParams::Kind::decaying || params.growth >= 1.0);
}

bool RehashSchedule::advance(std::uint64_t samples) noexcept {
  since_ += samples;
  if (static_cast<double>(since_) < period_) return false;
  if (params_.kind != ScheduleParams::Kind::decaying) {
    since_ %= params_.period;
    return true;
  }
  while (static_cast<double>(since_) >= period_) {
    since_ -= static_cast<std::uint64_t>(period_);
    period_ *= params_.growth;
  }
  return true;
}

void Drift::add(std::uint32_t row, float squared_step) noexcept {
  assert(row < moved_.size());
  moved_[row] += std::sqrt(squared_step);
}

void Drift::moved(double threshold, std::vector<std::uint32_t>& out) const {
  out.clear();
  for (std::size_t row = 0; row < moved_.size(); ++row)
    if (moved_[row] > threshold * length_[row]) out.push_back(static_cast<std::uint32_t>(row));
}

void Drift::hashed(std::uint32_t row, float length) noexcept {
  assert(row < moved_.size());
  moved_[row] = 0.f;
  length_[row] = length;
}

}  // namespace glissade::hashing
