#pragma once

#include <chrono>
#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include <glissade/trainer.h>

#include "apps/console/progress.h"

namespace glissade::apps {

/// Chooses moments within epochs for the log: each second at first, ever rarer as the run grows older, so that a curve has its
/// bend in full and a log of days stays small (some 200 samples for each factor of e in time).
class ProgressSamples {
 public:
  bool due() const noexcept;

  /// The event of a moment. Means are over what has passed since the moment before, not over the epoch so far; null while
  /// something else goes on than steps.
  nlohmann::ordered_json take(const Progress& progress);
  /// Of an evaluation there is only how far it is.
  nlohmann::ordered_json take(const EvaluationProgress& progress);

 private:
  void add_means(nlohmann::ordered_json& json, const Progress& progress);
  using Clock = std::chrono::steady_clock;
  static constexpr double kFewestSeconds = 1;
  static constexpr double kShareOfAge = 0.005;

  Clock::time_point begin_ = Clock::now();
  Clock::time_point last_ = begin_;
  std::uint32_t epoch_ = 0;
  std::uint64_t samples_ = 0;
  double seconds_ = 0;
  double losses_ = 0, hits_ = 0, active_ = 0;  ///< sums over the epoch up to the moment before
};

}  // namespace glissade::apps
