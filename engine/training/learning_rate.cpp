#include "engine/training/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/training/batch_scaling.h"

namespace glissade {

double learning_rate(const Config& config, std::uint64_t step, std::uint64_t total_steps) noexcept {
  constexpr double kFloor = 0.01;
  const double total = static_cast<double>(std::max<std::uint64_t>(1, total_steps));
  const double warm = std::floor(config.schedule.warmup * total);
  const double at = static_cast<double>(step), top = top_rate(config, total_steps);
  if (at <= warm) return top * at / warm;
  const double part = std::min(1.0, (at - warm) / std::max(1.0, total - warm));
  double factor = 1.0;
  switch (config.schedule.decay) {
    case DecayKind::none: break;
    case DecayKind::linear: factor = 1.0 - part; break;
    case DecayKind::cosine: factor = 0.5 * (1.0 + std::cos(std::numbers::pi * part)); break;
  }
  return top * std::max(kFloor, factor);
}

}  // namespace glissade
