#pragma once

#include <oneapi/tbb/parallel_for.h>

#include "engine/layers/row_groups.h"

namespace glissade {

template <class EntriesOf>
void RowGroups::build(std::size_t samples, const EntriesOf& entries) {
  std::array<Counts, kChunks> counts{};
  const auto chunk_begin = [samples](std::size_t chunk) { return samples * chunk / kChunks; };
  tbb::parallel_for(std::size_t{0}, kChunks, [&](std::size_t chunk) {
    for (std::size_t sample = chunk_begin(chunk); sample < chunk_begin(chunk + 1); ++sample) {
      const Entries e = entries(sample);
      for (std::size_t j = 0; j < e.ids.size(); ++j) counts[chunk][partition_of(e.ids[j])] += e.weights[j] != 0.f;
    }
  });
  reserve_partitions(counts);  // counts become write positions
  tbb::parallel_for(std::size_t{0}, kChunks, [&](std::size_t chunk) {
    Counts& position = counts[chunk];
    for (std::size_t sample = chunk_begin(chunk); sample < chunk_begin(chunk + 1); ++sample) {
      const Entries e = entries(sample);
      for (std::size_t j = 0; j < e.ids.size(); ++j) {
        if (e.weights[j] == 0.f) continue;
        const std::size_t p = partition_of(e.ids[j]);
        const std::size_t at = position[p]++;
        partitions_[p].local[at] = local_of(e.ids[j]);
        partitions_[p].chunk_samples[at] = static_cast<std::uint32_t>(sample);
        partitions_[p].chunk_weights[at] = e.weights[j];
      }
    }
  });
  tbb::parallel_for(std::size_t{0}, kPartitions, [&](std::size_t partition) { sort_partition(partition); });
}

}  // namespace glissade
