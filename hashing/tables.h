#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hashing/family.h"

namespace glissade::hashing {

/// L flat hash tables over the same rows: per table 2^bits + 1 offsets and one id per row (4 bytes per row and table),
/// ids ascending inside a bucket. With a cap, a fuller bucket keeps a uniform sample of its rows (true reservoir).
/// Reads are safe from many threads; build and rehash need exclusive access.
class Tables {
 public:
  /// bucket_cap 0 = unlimited.
  Tables(std::uint32_t tables, std::uint32_t bits, std::uint32_t rows, std::uint32_t bucket_cap, std::uint64_t seed);

  /// Hashes every row of `source` and fills every table, in parallel. Same result for any number of threads.
  void build(const VectorSource& source, const Family& family);

  /// Re-hashes `moved` (ascending, unique) and leaves all other rows where they are. Without a cap the result equals
  /// build() on the same rows. Under a cap a row that the reservoir had dropped returns when it is re-hashed or at the next build().
  void rehash(const VectorSource& source, const Family& family, std::span<const std::uint32_t> moved);

  std::span<const std::uint32_t> bucket(std::uint32_t table, std::uint32_t code) const noexcept;
  std::uint32_t tables() const noexcept;
  std::uint32_t rows() const noexcept;
  std::size_t memory_bytes() const noexcept;

 private:
  struct Table {
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint32_t> ids;
  };
  std::uint32_t bits_;
  std::uint32_t rows_;
  std::uint32_t bucket_cap_;
  std::uint64_t seed_;
  std::vector<Table> tables_;
};

}  // namespace glissade::hashing
