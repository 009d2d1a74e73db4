#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/model/impl.h"

namespace glissade {

/// Why the loss of a step may have stopped being finite: names the step and the largest value among its samples.
Error not_finite(const Model::Impl& model, const DatasetView& data, std::span<const std::uint32_t> rows);

/// The first weight of the hidden path that is not finite, as an error. In parallel.
std::optional<Error> defect_of_weights(const Model::Impl& model);

}  // namespace glissade
