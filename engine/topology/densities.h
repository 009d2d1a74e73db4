#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>

namespace glissade {

struct LayerSize {
  std::uint64_t rows, width;
};

/// The density of each layer, in [0, 1], so that `density` of all their weights are there.
///
///   uniform       the same in each
///   erdos_renyi   in proportion to (rows + width) / (rows x width): small layers are denser (Mocanu et al. 2018). A layer that
///                 would have more than all of its weights has all, and the others share what is left (Evci et al. 2020).
std::vector<double> layer_densities(DensityRule rule, double density, std::span<const LayerSize> layers);

/// Connections of a row of `width` at this density: at least 1. 0 = all.
std::uint32_t fan_in_of(double density, std::uint32_t width) noexcept;

}  // namespace glissade
