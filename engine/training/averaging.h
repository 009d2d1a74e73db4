#pragma once

#include <cstdint>

#include <glissade/config.h>

namespace glissade {

/// Steps whose weights are averaged, at most. A few dozen are as good as all, and cost next to nothing.
inline constexpr std::uint64_t kAveragedSteps = 32;

/// Whether the weights after step `step` (from 1) out of `total_steps` belong to the average that training ends with: evenly
/// spaced steps of the last config.schedule.average of them, the very last one among these.
bool is_averaged(const Config& config, std::uint64_t step, std::uint64_t total_steps) noexcept;

}  // namespace glissade
