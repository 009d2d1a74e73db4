#pragma once

#include <cstddef>
#include <cstdint>

#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade {

/// Error unless `vectors` suit `rows` rows of a model of that vector width: as many rows, as wide, within their memory and
/// finite. Rows without a vector are legal. `first_row`: number of the first in messages.
Result<void> check_vectors(const DenseRows& vectors, std::size_t rows, std::uint32_t width, std::uint64_t first_row = 0);

}  // namespace glissade
