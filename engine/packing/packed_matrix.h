#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/packing/packed_rows.h"
#include "engine/parameters/array.h"

namespace glissade::packing {

/// Sparse rows column by column: of each column the distances from one row that has it to the next, and the values as multiples
/// of one step. A column that many rows have costs few bits an entry. Rows come back with their columns ascending.
struct MatrixView {
  std::span<const std::uint64_t> offsets;  ///< rows + 1
  std::span<const std::uint32_t> ids;      ///< ascending within a row, or not
  std::span<const std::uint16_t> values;   ///< bf16, if `valued`
  std::uint32_t columns = 0;
  bool valued = true;
};

struct Matrix {
  Array<std::uint64_t> offsets;
  Array<std::uint32_t> ids;
  Array<std::uint16_t> values;
};

/// Entries whose value is below a step are left out. The step is larger where the largest value needs it; without values it is of
/// no concern. Throws std::bad_alloc.
Packed pack_matrix(const MatrixView& matrix, float step);

/// None if the bytes are damaged, or have more than `most_columns`. Throws std::bad_alloc.
std::optional<Matrix> unpack_matrix(std::span<const std::byte> packed, std::uint64_t most_columns);

}  // namespace glissade::packing
