#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/parameters/array.h"

namespace glissade {

/// Sparse rows over the features, values in bf16. Row r holds entries offsets[r] .. offsets[r + 1] - 1, features ascending.
/// Owns its arrays or borrows them from a mapped model file.
struct SparseMatrix {
  Array<std::uint64_t> offsets;  ///< rows + 1
  Array<std::uint32_t> ids;
  Array<std::uint16_t> values;

  std::size_t rows() const noexcept { return offsets.size() == 0 ? 0 : offsets.size() - 1; }
  bool empty() const noexcept { return rows() == 0; }
  std::size_t entries() const noexcept { return ids.size(); }
  std::size_t memory_bytes() const noexcept { return offsets.bytes() + ids.bytes() + values.bytes(); }
};

/// The float that a bf16 value stands for.
inline float widened(std::uint16_t half) noexcept { return __builtin_bit_cast(float, static_cast<std::uint32_t>(half) << 16); }

/// Room for rows of the given lengths; ids and values are to be filled in.
SparseMatrix matrix_of(std::span<const std::uint32_t> lengths);

}  // namespace glissade
