#include "engine/candidates/spread_sample.h"

namespace glissade {

void SpreadSample::put(const FeatureWeights& weights, std::span<const std::uint32_t> ids, std::span<const float> values) {
  for (const std::uint32_t id : ids_) dense_[id] = 0.f;  // before a model with fewer features makes it shorter
  dense_.resize(weights.weights.size(), 0.f);
  ids_.assign(ids.begin(), ids.end());
  weights.weigh(ids, values, weighted_);
  for (std::size_t j = 0; j < ids.size(); ++j) dense_[ids[j]] = weighted_[j];
}

}  // namespace glissade
