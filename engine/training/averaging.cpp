#include "engine/training/averaging.h"

#include <algorithm>
#include <cmath>

namespace glissade {

bool is_averaged(const Config& config, std::uint64_t step, std::uint64_t total_steps) noexcept {
  const auto window = static_cast<std::uint64_t>(std::floor(config.schedule.average * static_cast<double>(total_steps)));
  if (window == 0 || step > total_steps || step <= total_steps - window) return false;
  const std::uint64_t at = step - (total_steps - window), count = std::min(window, kAveragedSteps);
  return at * count / window != (at - 1) * count / window;
}

}  // namespace glissade
