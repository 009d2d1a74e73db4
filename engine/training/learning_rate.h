#pragma once

#include <cstdint>

#include <glissade/config.h>

namespace glissade {

/// The learning rate of step `step` (from 1) out of `total_steps`: a linear rise over the first config.schedule.warmup of them to
/// top_rate(), then constant, linear or cosine decay to 0. Past the planned end a decayed rate stays at 1 % of the top, so that
/// online steps still learn.
double learning_rate(const Config& config, std::uint64_t step, std::uint64_t total_steps) noexcept;

}  // namespace glissade
