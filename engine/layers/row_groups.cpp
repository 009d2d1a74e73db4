#include "engine/layers/row_groups.h"

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
  Partition& part = partitions_[partition];
  for (const std::uint32_t local : part.local) ++part.cursors[local];
  part.used.clear();
  part.begins.clear();
  std::uint32_t position = 0;
  for (std::size_t local = 0; local < part.cursors.size(); ++local) {
    if (part.cursors[local] == 0) continue;
    part.used.push_back(row_of(partition, local));
    part.begins.push_back(position);
    const std::uint32_t count = part.cursors[local];
    part.cursors[local] = position;
    position += count;
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
