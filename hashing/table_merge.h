#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace glissade::hashing {

/// Which rows moved, one bit each: small enough for the second-level cache at a million rows.
class RowBits {
 public:
  /// All of `rows` rows unset.
  void reset(std::size_t rows) { words_.assign(rows / 64 + 1, 0); }
  void set(std::uint32_t id) noexcept { words_[id / 64] |= std::uint64_t{1} << (id % 64); }
  bool test(std::uint32_t id) const noexcept { return (words_[id / 64] >> (id % 64) & 1) != 0; }

 private:
  std::vector<std::uint64_t> words_;
};

/// The moved rows of one table, ordered by (new code, id).
class Arrivals {
 public:
  void reserve(std::size_t buckets, std::size_t rows);
  /// codes[i] < buckets is the new code of row moved[i]; `moved` ascends and is no longer than was reserved.
  void sort(std::span<const std::uint32_t> moved, const std::uint32_t* codes) noexcept;
  /// Numbers held.
  std::size_t size() const noexcept { return ends_.capacity() + ids_.capacity(); }
  std::span<const std::uint32_t> bucket(std::size_t code) const noexcept {
    const std::uint32_t begin = code == 0 ? 0 : ends_[code - 1];
    return {ids_.data() + begin, ends_[code] - begin};
  }

 private:
  std::vector<std::uint32_t> ends_;
  std::vector<std::uint32_t> ids_;
};

/// A bucket's largest size (0 = no limit), and the seed of the sample that a fuller one keeps.
struct BucketCap {
  std::uint32_t rows;
  std::uint64_t seed;
};

/// Walks the buckets of a table in order, writes to `out` those ids that did not move merged with those that arrive, and replaces
/// the offsets on the way. Returns the number of ids. `out` has room for all old ids and all arrivals.
std::uint32_t merge_table(std::span<std::uint32_t> offsets, const std::uint32_t* ids, const RowBits& moved,
                          const Arrivals& arrivals, BucketCap cap, std::uint32_t* out) noexcept;

}  // namespace glissade::hashing
