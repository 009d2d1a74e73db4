#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// The first number that is infinite or none, or nothing. Memory speed, on the calling thread alone, so that a forked process may
/// ask.
std::optional<std::size_t> first_not_finite(std::span<const float> values) noexcept;
/// Likewise of bf16 values.
std::optional<std::size_t> first_not_finite(std::span<const std::uint16_t> halves) noexcept;

/// The first row of rows begin .. end - 1 with a weight or bias that is not finite, or nothing.
std::optional<std::size_t> first_bad_row(const ParameterRows& rows, std::size_t begin, std::size_t end) noexcept;
/// The first of all rows. In parallel.
std::optional<std::size_t> first_bad_row(const ParameterRows& rows);

}  // namespace glissade
