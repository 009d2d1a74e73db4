#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>

namespace glissade {

/// The weight of each label as a target, by Config::label_weights. Propensity: 1 / p (Jain et al., Extreme Multi-label Loss
/// Functions, 2016), over its mean among the training samples' labels, so that the loss keeps its size. Equal: empty.
/// `counts`: training samples of each label, `samples` of them in all.
std::vector<float> label_weights(const Config& config, std::span<const std::uint32_t> counts, std::uint64_t samples);

/// weights[ids[i]] of each i, or nothing where weights are equal.
void weights_of(std::span<const float> weights, std::span<const std::uint32_t> ids, std::vector<float>& out);

}  // namespace glissade
