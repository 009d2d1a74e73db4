#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
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
  /// Whether it was never made: one that was may have no rows, where a rank has none of few.
  bool empty() const noexcept { return offsets.size() == 0; }
  std::size_t entries() const noexcept { return ids.size(); }
  /// What keeps the arrays from being rows with ids below `bound`; empty if nothing does. For what was read.
  std::string_view defect(std::size_t bound) const noexcept;
  /// The same rows again, in the same memory.
  SparseMatrix shared() const { return {offsets.shared(), ids.shared(), values.shared()}; }
  /// Empty rows behind the last one; none to a matrix without rows.
  void grow(std::size_t rows);
  std::size_t memory_bytes() const noexcept { return offsets.bytes() + ids.bytes() + values.bytes(); }
};

/// The float that a bf16 value stands for.
inline float widened(std::uint16_t half) noexcept { return __builtin_bit_cast(float, static_cast<std::uint32_t>(half) << 16); }

/// Whether `begins` ascends from 0 to `end`; an empty one is right for 0.
bool are_offsets(const Array<std::uint64_t>& begins, std::size_t end) noexcept;

/// Room for rows of the given lengths. The caller fills ids and values in.
SparseMatrix matrix_of(std::span<const std::uint32_t> lengths);

}  // namespace glissade
