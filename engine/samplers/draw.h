#pragma once

#include <cstdint>

#include "engine/samplers/sampler.h"

namespace glissade {

/// Starts a set with the true labels of the group, each once.
void add_labels(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) noexcept;

/// Fills up to `target` rows with different, uniformly drawn ones that are not in yet, and sets the weight with which they stand
/// for all rows left out (0 if `correction` is off). What is in before counts as exact.
void add_uniform(std::uint32_t rows, std::size_t target, bool correction, std::uint64_t seed, hashing::StampSet& seen,
                 ActiveSet& out) noexcept;

}  // namespace glissade
