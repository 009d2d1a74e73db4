#include "engine/losses/shard_sums.h"

#include <algorithm>

#include "engine/losses/loss.h"

namespace glissade {

/// In the order of the ranks, so that all have the same sum. A rank's logits come in the order of the labels that are its own, so
/// that whose a label is says where its logit stands.
void ShardSums::add_up(SetSums& sums, const SparseRows& labels) {
  sums.log_sums(mine_);
  const std::size_t samples = mine_.size(), ranks = static_cast<std::size_t>(shards_.size());
  const RowOwners owners = shards_.owners();
  counts_.assign(ranks, samples);
  if (with_labels_) {
    sums.append_label_logits(mine_);
    for (const std::uint32_t label : labels.ids) ++counts_[owners.owner(label)];
  }
  begins_.assign(1, 0);
  for (const std::size_t count : counts_) begins_.push_back(begins_.back() + count);
  all_.resize(begins_.back());
  if (shards_.error()) return;
  shards_.gather(mine_, counts_, all_);
  sums_.assign(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(samples));
  for (std::size_t rank = 1; rank < ranks; ++rank) {
    for (std::size_t sample = 0; sample < samples; ++sample) sums_[sample] = log_add(sums_[sample], all_[begins_[rank] + sample]);
  }
  sums.set_log_sums(sums_);
  if (!with_labels_) return;
  logits_.clear();
  for (std::size_t& begin : begins_) begin += samples;
  for (const std::uint32_t label : labels.ids) logits_.push_back(all_[begins_[owners.owner(label)]++]);
  sums.set_label_logits(logits_);
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
