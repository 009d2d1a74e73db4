#include "engine/topology/densities.h"

#include <algorithm>
#include <cmath>

namespace glissade {

std::vector<double> layer_densities(DensityRule rule, double density, std::span<const LayerSize> layers) {
  std::vector<double> densities(layers.size(), density);
  if (rule == DensityRule::uniform) return densities;
  std::vector<bool> full(layers.size(), false);
  for (bool again = true; again;) {
    double left = 0, sides = 0;  // weights for the layers that are not full, and their rows + widths
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const double weights = static_cast<double>(layers[i].rows) * static_cast<double>(layers[i].width);
      left += full[i] ? (density - 1) * weights : density * weights;
      if (!full[i]) sides += static_cast<double>(layers[i].rows + layers[i].width);
    }
    again = false;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (full[i]) continue;
      const double weights = static_cast<double>(layers[i].rows) * static_cast<double>(layers[i].width);
      densities[i] = left / sides * static_cast<double>(layers[i].rows + layers[i].width) / weights;
      if (densities[i] <= 1) continue;
      densities[i] = 1;
      full[i] = again = true;
    }
  }
  return densities;
}

std::uint32_t fan_in_of(double density, std::uint32_t width) noexcept {
  const auto wanted = static_cast<std::uint32_t>(std::lround(density * width));
  return wanted >= width ? 0 : std::max(1u, wanted);
}

}  // namespace glissade
