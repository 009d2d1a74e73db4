#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/feature_weights.h"

namespace glissade {

/// A sample spread over all features, as the sparse paths see it. One per thread.
class SpreadSample {
 public:
  /// The one before is taken back.
  void put(const FeatureWeights& weights, std::span<const std::uint32_t> ids, std::span<const float> values);
  const float* data() const noexcept { return dense_.data(); }
  std::span<const std::uint32_t> ids() const noexcept { return ids_; }
  std::span<const float> values() const noexcept { return weighted_; }

 private:
  std::vector<float> dense_, weighted_;
  std::vector<std::uint32_t> ids_;
};

}  // namespace glissade
