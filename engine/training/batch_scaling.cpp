#include "engine/training/batch_scaling.h"

#include <algorithm>
#include <cmath>

namespace glissade {

BatchScaling batch_scaling(const Config& config, std::uint64_t samples) noexcept {
  constexpr double kRatePower = 0.4;
  BatchScaling scaling{1, OptimizerOptions::of(config)};
  const std::uint64_t reference = config.training.reference_batch;
  if (reference == 0 || config.training.step_samples() <= reference || config.optimizer.kind != OptimizerKind::adam)
    return scaling;
  const double times = std::max(1.0, static_cast<double>(samples) / static_cast<double>(reference));
  scaling.rate = std::pow(times, kRatePower);
  scaling.optimizer.beta1 = std::pow(config.optimizer.beta1, times);
  scaling.optimizer.beta2 = std::pow(config.optimizer.beta2, times);
  return scaling;
}

}  // namespace glissade
