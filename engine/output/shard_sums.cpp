#include "engine/output/shard_sums.h"

#include <algorithm>

#include "engine/losses/loss.h"

namespace glissade {

/// In the order of the ranks, so that all have the same sum.
void ShardSums::add_up(SetSums& sums) {
  sums.log_sums(mine_);
  const std::size_t samples = mine_.size(), ranks = static_cast<std::size_t>(shards_.size());
  all_.resize(samples * ranks);
  shards_.gather(mine_, all_);
  sums_.assign(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(samples));
  for (std::size_t rank = 1; rank < ranks; ++rank) {
    for (std::size_t sample = 0; sample < samples; ++sample)
      sums_[sample] = log_add(sums_[sample], all_[rank * samples + sample]);
  }
  sums.set_log_sums(sums_);
}

void ShardSums::tell_best(float logit, bool is_label) {
  shards_.tell(logit);
  shards_.tell(is_label ? 1 : 0);
}

std::uint64_t ShardSums::hits(const RowShards& shards, std::size_t samples) noexcept {
  std::uint64_t hits = 0;
  for (std::size_t i = 0; i < samples; ++i) {
    int best = 0;
    for (int rank = 1; rank < shards.size(); ++rank) {
      if (shards.heard(rank, 2 * i) > shards.heard(best, 2 * i)) best = rank;
    }
    hits += shards.heard(best, 2 * i + 1) != 0 ? 1 : 0;
  }
  return hits;
}

}  // namespace glissade
