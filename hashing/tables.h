#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hashing/family.h"

namespace glissade::hashing {

/// L flat hash tables over the same rows: per table 2^bits + 1 offsets and one id per row (4 bytes per row and table),
/// ids ascending inside a bucket. With a cap, a fuller bucket keeps a uniform sample of its rows (true reservoir).
/// Reads are safe from many threads; build and a RehashJob need exclusive access.
class Tables {
 public:
  /// bucket_cap 0 = unlimited.
  Tables(std::uint32_t tables, std::uint32_t bits, std::uint32_t rows, std::uint32_t bucket_cap, std::uint64_t seed);

  /// Hashes every row of `source` and fills every table, in parallel. Same result for any number of threads. Needs one spare
  /// table of ids per thread beside the tables themselves: the codes lie where the ids will be.
  void build(const VectorSource& source, const Family& family);

  /// Takes all rows out: every bucket is empty. A RehashJob over all rows then fills the tables bit by bit.
  void clear() noexcept;

  std::span<const std::uint32_t> bucket(std::uint32_t table, std::uint32_t code) const noexcept {
    assert(table < tables_.size() && code >> bits_ == 0);
    const Table& t = tables_[table];
    return {t.ids.data() + t.offsets[code], t.ids.data() + t.offsets[code + 1]};
  }
  /// Starts to bring the bucket's bounds into the cache (its ids are known only once these are there).
  void prefetch_bounds(std::uint32_t table, std::uint32_t code) const noexcept {
    __builtin_prefetch(tables_[table].offsets.data() + code);
  }
  std::uint32_t tables() const noexcept { return static_cast<std::uint32_t>(tables_.size()); }
  std::uint32_t bits() const noexcept { return bits_; }
  std::uint32_t rows() const noexcept { return rows_; }
  /// Table `table` as it lies in memory, to be written down: where its buckets begin, and the ids in them.
  std::span<const std::uint32_t> offsets(std::uint32_t table) const noexcept { return tables_[table].offsets; }
  std::span<const std::uint32_t> ids(std::uint32_t table) const noexcept { return tables_[table].ids; }
  std::uint64_t round() const noexcept { return round_; }
  /// Puts back what offsets(), ids() and round() gave. False if that cannot be a table of this shape (a row twice, ids of a
  /// bucket that do not ascend); it is then as it was.
  bool restore(std::uint32_t table, std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> ids,
               std::uint64_t round);
  /// What the tables hold between calls.
  std::size_t memory_bytes() const noexcept;

 private:
  friend class RehashJob;  // replaces one table after the other
  struct Table {
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint32_t> ids;
  };
  void sort_by_code(std::uint32_t table, std::vector<std::uint32_t>& spare) noexcept;
  void apply_cap(std::uint32_t table) noexcept;
  std::uint64_t reservoir_seed(std::uint32_t table) const noexcept;

  std::uint32_t bits_;
  std::uint32_t rows_;
  std::uint32_t bucket_cap_;
  std::uint64_t seed_;
  std::uint64_t round_ = 0;  // chunks re-hashed since the last build: each draws its own reservoirs
  std::vector<Table> tables_;
};

}  // namespace glissade::hashing
