#pragma once

#include <cstdint>
#include <vector>

#include <glissade/config.h>

namespace glissade {

/// Connections of each row of a network's layers, 0 = all (ParameterRows::Options::fan_in).
struct SparseLayerFanIns {
  std::uint32_t input = 0;  ///< of a feature's row
  std::uint32_t vectors = 0;
  std::vector<std::uint32_t> dense;
  std::uint32_t output = 0;

  /// By config.connections. With a shape of no vectors there is no such layer, and its number is 0.
  static SparseLayerFanIns of(const Config& config, const Shape& shape);
};

}  // namespace glissade
