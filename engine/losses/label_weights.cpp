#include "engine/losses/label_weights.h"

#include <glissade/metrics.h>

namespace glissade {

std::vector<float> label_weights(const Config& config, std::span<const std::uint32_t> counts, std::uint64_t samples) {
  if (config.network.label_weights == LabelWeights::equal || counts.empty()) return {};
  std::vector<float> weights = propensities(counts, samples, config.network.propensity.a, config.network.propensity.b);
  double sum = 0, assignments = 0;
  for (std::size_t label = 0; label < counts.size(); ++label) {
    weights[label] = 1.f / weights[label];
    sum += double{weights[label]} * counts[label];
    assignments += counts[label];
  }
  if (sum <= 0) return {};
  for (float& weight : weights) weight = static_cast<float>(weight * assignments / sum);
  return weights;
}

void weights_of(std::span<const float> weights, std::span<const std::uint32_t> ids, std::vector<float>& out) {
  out.clear();
  if (weights.empty()) return;
  for (const std::uint32_t id : ids) out.push_back(weights[id]);
}

}  // namespace glissade
