#include "engine/layers/row_groups.h"

#include <algorithm>
#include <utility>

namespace glissade {

void RowGroups::reserve_partitions(std::array<Counts, kChunks>& counts) {
  for (std::size_t p = 0; p < kPartitions; ++p) {
    std::size_t total = 0;
    for (Counts& chunk : counts) {
      const std::size_t count = chunk[p];
      chunk[p] = total;
      total += count;
    }
    Partition& part = partitions_[p];
    part.local.resize(total);
    part.chunk_samples.resize(total);
    part.chunk_weights.resize(total);
    part.samples.resize(total);
    part.weights.resize(total);
    part.cursors.resize(((rows_ >> (kPartitionBits + kRunBits)) + 1) * kRun, 0);
  }
}

void RowGroups::sort_partition(std::size_t partition) {
  // Few used rows are sorted, many are found by a look at all: a step of one sample must not cost as much as there are rows.
  constexpr std::size_t kFew = 16;
  Partition& part = partitions_[partition];
  part.used.clear();
  part.begins.clear();
  for (const std::uint32_t local : part.local) {
    if (part.cursors[local]++ == 0) part.used.push_back(local);
  }
  if (part.used.size() * kFew < part.cursors.size()) {
    std::ranges::sort(part.used);
  } else {
    part.used.clear();
    for (std::uint32_t local = 0; local < part.cursors.size(); ++local) {
      if (part.cursors[local] != 0) part.used.push_back(local);
    }
  }
  std::uint32_t position = 0;
  for (std::uint32_t& row : part.used) {
    part.begins.push_back(position);
    position += std::exchange(part.cursors[row], position);
    row = row_of(partition, row);
  }
  part.begins.push_back(position);
  for (std::size_t i = 0; i < part.local.size(); ++i) {
    const std::uint32_t at = part.cursors[part.local[i]]++;
    part.samples[at] = part.chunk_samples[i];
    part.weights[at] = part.chunk_weights[i];
  }
  for (const std::uint32_t row : part.used) part.cursors[local_of(row)] = 0;
}

std::size_t RowGroups::used_rows() const noexcept {
  std::size_t total = 0;
  for (const Partition& part : partitions_) total += part.used.size();
  return total;
}

}  // namespace glissade
