#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hashing/query.h"
#include "hashing/tables.h"

namespace glissade::hashing {

/// A row, and in how many of the L tables it lies in the sample's bucket: the binomial count from which its inclusion probability
/// is estimated.
struct Collision {
  std::uint32_t row;
  std::uint32_t count;
};

/// Counts how often rows are met, with O(1) clear. 10 bytes per row; one per thread.
class CollisionCounter {
 public:
  /// No row is met in more than `tables` tables between two clears; at most kMostTables.
  CollisionCounter(std::size_t rows, std::uint32_t tables);
  static constexpr std::uint32_t kMostTables = 32767;

  void clear() noexcept;
  /// Each row of `bucket` is met once more; no row is in a bucket twice.
  void add(std::span<const std::uint32_t> bucket) noexcept;
  std::uint32_t count(std::uint32_t row) const noexcept { return marks_[row] > base_ ? marks_[row] - base_ : 0; }
  /// Rows met once or more, and twice or more, each in the order in which they came to that.
  std::span<const std::uint32_t> met() const noexcept { return {met_.data(), met_size_}; }
  std::span<const std::uint32_t> met_again() const noexcept { return {again_.data(), again_size_}; }
  /// Zeroes for a histogram of counts, 0 .. tables.
  std::span<std::uint32_t> histogram() noexcept;

 private:
  std::vector<std::uint16_t> marks_;  // base_ + count of a row that was met since the last clear; at most base_ of others
  std::uint32_t base_ = 0;
  std::uint32_t tables_;
  std::vector<std::uint32_t> met_;  // both one longer than the rows: add() writes behind the end before it knows
  std::vector<std::uint32_t> again_;
  std::size_t met_size_ = 0;
  std::size_t again_size_ = 0;
  std::vector<std::uint32_t> histogram_;
};

/// For one sample (codes.samples is 1): the out.size() rows with most collisions, fewer if fewer are met. Which of the rows at
/// the last count are taken is drawn from `seed`. Returns how many were written, in no particular but in a fixed order. No
/// allocation. Costs a visit to each id of L buckets, about 1.5 ns, and the misses of L random places.
std::size_t collect_topk(const Tables& tables, const GroupCodes& sample, std::uint64_t seed, CollisionCounter& counter,
                         std::span<Collision> out) noexcept;

/// For one sample: rows with `least` (> 0) or more collisions; of more than out.size() some that are drawn from `seed`. The rest
/// as above.
std::size_t collect_threshold(const Tables& tables, const GroupCodes& sample, std::uint64_t seed, std::uint32_t least,
                              CollisionCounter& counter, std::span<Collision> out) noexcept;

}  // namespace glissade::hashing
