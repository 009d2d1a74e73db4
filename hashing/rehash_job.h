#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "hashing/table_merge.h"
#include "hashing/tables.h"

namespace glissade::hashing {

/// A re-hash of some rows in small slices, between which the tables can be read: training goes on while it is under way. The rows
/// are taken in chunks. Of a chunk, some rows at a time are hashed into a buffer of codes (the vectors are read then, once);
/// after that some tables at a time move the chunk's rows to their new buckets, each table into a spare one that takes its place.
/// All other rows stay where they are. Once a job is done, and if no vector changed meanwhile, uncapped tables equal those of
/// Tables::build on the same rows. Under a cap a row that the reservoir had dropped returns when it is re-hashed or at the next
/// build(), and a bucket that overflows keeps a uniform sample of what is in it and what comes.
///
/// Which slice does what depends on numbers of rows and tables only, never on time or threads. Holds, from its first slice on, 4
/// bytes per row of a chunk and table (at most 64 MiB, or 65,536 rows' codes, if that is more) and per thread one spare table.
class RehashJob {
 public:
  /// Begins a job over `moved` (ascending, unique) of the rows in `tables`; drops one that was under way, which leaves the tables
  /// as they are: valid, with some rows in old buckets.
  void start(const Tables& tables, std::vector<std::uint32_t> moved);
  void drop() noexcept;
  bool done() const noexcept { return first_ == moved_.size(); }

  /// Does slices until `share` (0 .. 1) of the job's work since start() is done; at 1 the job is done. Returns the rows whose
  /// vectors were read now (valid until the next call of a member). Slices are parallel inside. Needs exclusive access to
  /// `tables`; `tables`, `source` and `family` are the same from start() to the end.
  std::span<const std::uint32_t> advance(double share, Tables& tables, const VectorSource& source, const Family& family);

  /// A job between two slices, to be written down: how far it is, its rows, and of the chunk at hand the codes of the rows that
  /// are hashed, [table][row].
  struct Place {
    std::uint64_t first, hashed, merged;
    double work_done;
  };
  Place place() const noexcept { return {first_, hashed_, merged_, work_done_}; }
  std::span<const std::uint32_t> moved() const noexcept { return moved_; }
  std::vector<std::uint32_t> pending_codes() const;
  /// Puts back what these gave, over the same tables. False if these do not describe a job; there is no job then.
  bool restore(Tables& tables, std::vector<std::uint32_t> moved, const Place& place, std::span<const std::uint32_t> codes);

  /// Bytes held between calls; at most most_bytes().
  std::size_t memory_bytes() const noexcept;
  static std::uint64_t most_bytes(std::uint64_t tables, std::uint32_t bits, std::uint64_t rows, std::uint64_t threads) noexcept;

 private:
  struct Spare {
    Arrivals arrivals;
    std::vector<std::uint32_t> ids;
  };
  std::size_t chunk_size() const noexcept;
  void hash_slice(const VectorSource& source, const Family& family);
  void take_codes(std::size_t chunk);
  void begin_merge(Tables& tables);
  void prepare_merge(Tables& tables);
  void merge_slice(Tables& tables);

  std::vector<std::uint32_t> moved_;
  std::size_t tables_ = 0;
  std::size_t chunk_limit_ = 1;
  std::size_t first_ = 0;   ///< of the chunk at hand, in moved_; moved_.size() = done
  std::size_t hashed_ = 0;  ///< rows of the chunk
  std::size_t merged_ = 0;  ///< tables that have the chunk
  double work_ = 0;
  double work_done_ = 0;
  double merge_work_ = 0;                   ///< of one table, its walk alone
  std::unique_ptr<std::uint32_t[]> codes_;  ///< [table][row of the chunk]; not initialised, so that pages come with their slices
  std::size_t codes_size_ = 0;
  RowBits in_chunk_;
  std::vector<Spare> spares_;
};

}  // namespace glissade::hashing
