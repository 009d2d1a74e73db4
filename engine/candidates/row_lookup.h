#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/candidates/sparse_matrix.h"

namespace glissade {

/// Whether to look a sample's features up in a row, one by one, is cheaper than to go through the row: both cost about a line of
/// memory for each 16 ids of the row, and then features * log2(ids) steps or ids / 8 gathers.
inline bool lookup_pays(std::size_t features, std::size_t ids) noexcept {
  return 2 * features * static_cast<std::size_t>(64 - __builtin_clzll(ids | 1)) < ids;
}

/// The places of `features` in a row of `count` ascending ids, in the order of `features`, and how many there are. `places` has
/// room for one more than there can be. By binary search without branches, four features at a time.
std::size_t look_up(std::span<const std::uint32_t> features, const std::uint32_t* ids, std::size_t count,
                    std::uint32_t* places) noexcept;

/// Asks for the ids of a row before they are needed: rows lie anywhere in memory.
inline void ask_for_ids(const SparseMatrix& rows, std::uint32_t row) noexcept {
  constexpr std::size_t kLine = 64 / sizeof(std::uint32_t);
  for (std::uint64_t j = rows.offsets[row]; j < rows.offsets[row + 1]; j += kLine) __builtin_prefetch(rows.ids.data() + j);
}

/// Adds to sums[i] the product of a sparse vector with row which[i], by look_up().
void add_products(std::span<const std::uint32_t> features, std::span<const float> values, const SparseMatrix& rows,
                  std::span<const std::uint32_t> which, float* sums) noexcept;

}  // namespace glissade
