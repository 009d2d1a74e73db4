#pragma once

#include <cstdint>

#include <glissade/config.h>

#include "engine/parameters/row_optimizer.h"

namespace glissade {

// What is other than the config says where a step has more samples than config.training.reference_batch: k times as many.

/// The top learning rate of a training of `total_steps`.
///
///   adam      the config's times k^(1/8), and at least as much as lets a weight go a distance of 2 in so many steps, but no more
///             than k times the config's. Noise would ask for k^(1/2) (Malladi et al. 2022), but a rare row is touched by the
///             same samples, so as often, whatever the batch (Zheng et al. 2022). A step moves a weight by about the rate: few
///             steps of a small rate lead nowhere.
///   adagrad   the config's times k^(1/8). Its sum of squares, of k times fewer steps with k times less noise in each, is k^2
///             times smaller, so steps grow by themselves.
///   others    the config's.
///
/// Measured: bench/RESULTS.md.
double top_rate(const Config& config, std::uint64_t total_steps) noexcept;

/// The optimiser's numbers for a step of `samples`: Adam's are beta1^k and beta2^k, so that its moments remember as many samples,
/// not as many steps, as at the reference. The last step of an epoch may be a smaller one.
OptimizerOptions optimizer_for(const Config& config, std::uint64_t samples) noexcept;

}  // namespace glissade
