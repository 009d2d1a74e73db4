#include "engine/topology/schedule.h"

#include <cmath>
#include <numbers>

namespace glissade {

double annealed_share(double share, double done, double all) noexcept {
  return done >= all ? 0.0 : share * 0.5 * (1 + std::cos(std::numbers::pi * done / all));
}

}  // namespace glissade
