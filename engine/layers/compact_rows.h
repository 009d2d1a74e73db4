#pragma once

#include <cstdint>
#include <span>

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// What gathered kernels do with rows of one width, for rows that are kept compactly (ParameterRows::is_compact): about a row's
/// connections, not its width, in operations and bytes.

/// out[i] = product of a sample's activations, in floats, with row first + ids[i], without the bias.
void compact_dots(const ParameterRows& rows, const Activations& hidden, std::size_t sample, std::span<const std::uint32_t> ids,
                  std::size_t first, float* out) noexcept;

/// out = sum over i of weights[i] * row ids[i], rows.width() numbers, as the forward pass sees the rows.
void compact_bag(const ParameterRows& rows, std::span<const std::uint32_t> ids, const float* weights, float* out) noexcept;

}  // namespace glissade
