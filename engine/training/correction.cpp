#include "engine/training/correction.h"

#include <algorithm>

namespace glissade {

float correction_strength(const Config& config, std::uint64_t step, std::uint64_t total_steps) noexcept {
  switch (config.active_set.correction) {
    case Correction::on: return 1;
    case Correction::off: return 0;
    case Correction::rising: break;
  }
  const double total = static_cast<double>(std::max<std::uint64_t>(1, total_steps));
  return static_cast<float>(std::min(1.0, static_cast<double>(step) / total));
}

}  // namespace glissade
