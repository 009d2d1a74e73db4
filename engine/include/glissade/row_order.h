#pragma once

#include <cstddef>
#include <cstdint>

#include <glissade/views.h>

namespace glissade {

/// Blocks of rows that are shuffled together (Config::Training::shuffle_block): enough that a batch mixes samples from all over
/// the file, few enough to be held twice or three times.
inline constexpr std::size_t kBlocksTogether = 8;

/// Whether rows that lie close together are more alike than others, as in a file that is sorted by time or topic: what reads it
/// block by block (Config::Training::shuffle_block) learns from such rows all at once, and forgets.
struct RowOrder {
  double near = 0;           ///< how many labels two rows of one block have in common, on average
  double far = 0;            ///< two rows of different blocks
  std::uint64_t shared = 0;  ///< labels in common in one block, of all pairs that were looked at

  double times() const noexcept { return far > 0 ? near / far : near > 0 ? 1e9 : 1; }
  /// More than chance does, and more than half as often again.
  bool is_sorted() const noexcept { return shared >= 50 && times() > 1.5; }
};

/// Looks at blocks of `block` rows that are spread evenly, at about 131,072 rows in all; a larger block's first 4,096 rows stand
/// for it. All pairs of these rows count, by sums over labels. `labels`: of a data set. Reads what it looks at in ascending
/// order. Throws std::bad_alloc.
RowOrder row_order(const SparseRows& labels, std::size_t block);

}  // namespace glissade
