#pragma once

#include <cstdint>
#include <span>

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// out[i] = product of a sample's activations with row ids[i], without the bias; in the type that the rows are stored in. Gathers
/// rows one by one: for a few hundred rows of one sample, where a block product has nothing to share.
void row_logits(const ParameterRows& rows, const Activations& hidden, std::size_t sample, std::span<const std::uint32_t> ids,
                float* out) noexcept;

}  // namespace glissade
