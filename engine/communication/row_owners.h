#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace glissade {

/// Whose the rows of a block of parameters are where several ranks share them out: the ranks have rows by turns, so that rows
/// which are frequent because their numbers are small are many ranks'. A rank keeps its rows in their order, without gaps; the
/// place of a row there is a function of its number alone.
struct RowOwners {
  std::uint32_t rank = 0, ranks = 1;

  bool are_several() const noexcept { return ranks > 1; }
  std::uint32_t owner(std::uint32_t row) const noexcept { return row % ranks; }
  bool has(std::uint32_t row) const noexcept { return owner(row) == rank; }
  /// Where the row is among those of its owner.
  std::uint32_t place(std::uint32_t row) const noexcept { return row / ranks; }
  /// The row at a place of this rank.
  std::uint32_t row_at(std::uint32_t place) const noexcept { return place * ranks + rank; }
  /// An equal share of `count`, no less.
  std::size_t share(std::size_t count) const noexcept { return (count + ranks - 1) / ranks; }
  /// Of the `count` rows of all that are best for something a rank has hardly more than this: the mean, and thrice what it varies
  /// by.
  std::size_t likely_share(std::size_t count) const noexcept {
    const double mean = static_cast<double>(count) / ranks;
    return ranks == 1 ? count : std::min(count, static_cast<std::size_t>(std::ceil(mean + 3 * std::sqrt(mean))));
  }
  /// Of `rows` rows in all, how many this rank has.
  std::size_t count(std::size_t rows) const noexcept { return rows / ranks + (rank < rows % ranks ? 1 : 0); }
};

}  // namespace glissade
