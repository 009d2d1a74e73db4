#pragma once

#include <cstdint>

#include <glissade/config.h>

#include "engine/parameters/row_optimizer.h"

namespace glissade {

/// What a step of many samples does otherwise than one of config.training.reference_batch.
struct BatchScaling {
  double rate;                 ///< factor on the learning rate
  OptimizerOptions optimizer;  ///< the config's, with memories as long in samples
};

/// For a step of `samples`. Where no step of the config has more samples than the reference (or that is 0), rate 1 and the
/// config's options as they are. Else, with k = samples / reference, at least 1:
///
///   adam      beta1^k and beta2^k, so that the moments remember as many samples, not as many steps, as at the reference; rate
///             k^0.4. Noise alone asks for k^0.5 (Malladi et al. 2022, who scale Adam's betas likewise). A rare row is touched
///             by the same samples whatever the batch, and asks for k^0 (Zheng et al. 2022). Measured is what lies between:
///             bench/RESULTS.md.
///   adagrad   rate 1: where noise makes up the sum of squares, that of k times fewer steps with k times less variance is k^2
///             times smaller, so the steps grow by k on their own.
///   others    rate 1.
BatchScaling batch_scaling(const Config& config, std::uint64_t samples) noexcept;

}  // namespace glissade
