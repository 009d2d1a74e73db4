#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>
#include <glissade/views.h>

#include "engine/parameters/array.h"

namespace glissade {

/// How the sparse paths see a sample: each value times its feature's weight, the whole scaled to length 1.
class FeatureWeights {
 public:
  FeatureWeights() = default;
  /// `given`: all weights 1. `idf`: values count as 1, weights are ln(N / samples that have the feature), for data that come as
  /// plain sets.
  FeatureWeights(SparseWeighting weighting, const DatasetView& data);

  /// The weighted row: same features, in the same order.
  void weigh(std::span<const std::uint32_t> ids, std::span<const float> values, std::vector<float>& out) const;

  /// The same with each weight times its factor to a power; without factors a copy.
  FeatureWeights times(std::span<const float> factors, float power) const;

  /// The same weights again, in the same memory.
  FeatureWeights shared() const {
    FeatureWeights same;
    same.weights = weights.shared();
    same.binary = binary;
    return same;
  }

  /// Room for features that come later. They weigh what the heaviest ones do: nothing is rarer than what was never met.
  void grow(std::size_t features);

  bool empty() const noexcept { return weights.empty(); }

  Array<float> weights;  ///< one per feature
  bool binary = false;   ///< values count as 1
};

}  // namespace glissade
