#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace glissade {

/// A batch turned row-major: for each parameter row that some sample uses, the samples that use it and with what coefficient. So
/// a row's gradient is one weighted sum of hidden gradients, and the row is updated once, by one thread, with no lock and no
/// gradient buffer. The order inside a row is the samples' order, so results do not depend on the number of threads.
///
/// A radix partition by low bits of the row (which spreads frequent rows over the partitions), then a counting sort in each. Runs
/// of kRun neighbouring rows stay together: their memory is one stretch.
class RowGroups {
 public:
  /// Entries of one sample: rows ids[j] with coefficient weights[j]. Entries with weight 0 are left out.
  struct Entries {
    std::span<const std::uint32_t> ids;
    std::span<const float> weights;
  };
  static constexpr std::size_t kPartitionBits = 6;
  static constexpr std::size_t kPartitions = std::size_t{1} << kPartitionBits;

  // Long enough that memory is read nearly in sequence, short enough that frequent rows with neighbouring numbers spread.
  static constexpr std::size_t kRunBits = 5;
  static constexpr std::size_t kRun = std::size_t{1} << kRunBits;

  static constexpr std::size_t partition_of(std::uint32_t row) noexcept { return row >> kRunBits & (kPartitions - 1); }

  explicit RowGroups(std::size_t rows) : rows_(rows) {}

  /// Builds the groups of `samples` samples; entries(i) gives sample i's. In parallel.
  template <class EntriesOf>
  void build(std::size_t samples, const EntriesOf& entries);

  /// Visits every used row of one partition in ascending order: visit(row, next, samples, weights), spans of equal length; `next`
  /// is the row after it (the last row's is itself), so that a visitor can ask for its memory.
  template <class Visit>
  void for_each(std::size_t partition, const Visit& visit) const {
    const Partition& part = partitions_[partition];
    for (std::size_t i = 0; i < part.used.size(); ++i) {
      const std::size_t begin = part.begins[i];
      const std::size_t length = part.begins[i + 1] - begin;
      visit(part.used[i], part.used[std::min(i + 1, part.used.size() - 1)], std::span(part.samples).subspan(begin, length),
            std::span(part.weights).subspan(begin, length));
    }
  }

  /// Rows used by the batch.
  std::size_t used_rows() const noexcept;

 private:
  static constexpr std::size_t kChunks = 8;  ///< fixed, so that the order of entries is
  struct Partition {
    std::vector<std::uint32_t> local, chunk_samples;  // entries in sample order: row >> kPartitionBits, and sample
    std::vector<float> chunk_weights;
    std::vector<std::uint32_t> cursors;  // per local row: count, then write position
    std::vector<std::uint32_t> used, begins;
    std::vector<std::uint32_t> samples;
    std::vector<float> weights;
  };
  using Counts = std::array<std::size_t, kPartitions>;

  /// A row's number within its partition, and back.
  static constexpr std::uint32_t local_of(std::uint32_t row) noexcept {
    return row >> (kPartitionBits + kRunBits) << kRunBits | (row & (kRun - 1));
  }
  static constexpr std::uint32_t row_of(std::size_t partition, std::size_t local) noexcept {
    return static_cast<std::uint32_t>(local >> kRunBits << (kPartitionBits + kRunBits) | partition << kRunBits |
                                      (local & (kRun - 1)));
  }

  void reserve_partitions(std::array<Counts, kChunks>& counts);
  void sort_partition(std::size_t partition);

  std::size_t rows_;
  std::array<Partition, kPartitions> partitions_;
};

}  // namespace glissade

#include "engine/layers/row_groups_build.h"
