#include "engine/candidates/feature_weights.h"

#include <algorithm>
#include <cmath>

#include "simd/kernels.h"

namespace glissade {

FeatureWeights::FeatureWeights(SparseWeighting weighting, const DatasetView& data)
    : weights(data.feature_count), binary(weighting == SparseWeighting::idf) {
  if (!binary) {
    std::fill_n(weights.data(), weights.size(), 1.f);
    return;
  }
  std::vector<std::uint32_t> samples(data.feature_count);
  for (std::size_t row = 0; row < data.size(); ++row) {
    for (const std::uint32_t id : data.features.row_ids(row)) ++samples[id];
  }
  for (std::size_t f = 0; f < weights.size(); ++f) {
    weights[f] = static_cast<float>(std::log(static_cast<double>(data.size() + 1) / (samples[f] + 1.0)));
  }
}

FeatureWeights FeatureWeights::times(std::span<const float> factors, float power) const {
  FeatureWeights out;
  out.binary = binary;
  out.weights = Array<float>(weights.size());
  std::copy_n(weights.data(), weights.size(), out.weights.data());
  if (factors.empty()) return out;
  for (std::size_t f = 0; f < out.weights.size(); ++f) out.weights[f] *= std::pow(factors[f], power);
  return out;
}

void FeatureWeights::weigh(std::span<const std::uint32_t> ids, std::span<const float> values, std::vector<float>& out) const {
  out.resize(ids.size());
  for (std::size_t j = 0; j < ids.size(); ++j) out[j] = weights[ids[j]] * (binary || values.empty() ? 1.f : values[j]);
  const float square = simd::kernels().sum_squares_f32(out.data(), out.size());
  if (square > 0) simd::kernels().scale_f32(1.f / std::sqrt(square), out.data(), out.size());
}

void FeatureWeights::grow(std::size_t features) {
  const std::size_t before = weights.size();
  if (empty() || features <= before) return;
  Array<float> longer(features);
  std::copy(weights.data(), weights.data() + before, longer.data());
  std::fill(longer.data() + before, longer.data() + features, *std::max_element(weights.data(), weights.data() + before));
  weights = std::move(longer);
}

}  // namespace glissade
