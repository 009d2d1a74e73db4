#pragma once

#include <cstdint>

#include <glissade/config.h>

namespace glissade {

/// How much drawn rows count for those that they stand for in step `step` (from 1) out of `total_steps`: the strength that
/// Sampler::set_correction takes. `rising` is the part of training that is done: first steps learn from plain sets, whose
/// gradients have little noise, and the last ones from the full loss.
float correction_strength(const Config& config, std::uint64_t step, std::uint64_t total_steps) noexcept;

}  // namespace glissade
