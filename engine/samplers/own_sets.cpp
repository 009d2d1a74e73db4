#include "engine/samplers/own_sets.h"

#include "hashing/seeds.h"

namespace glissade {

OwnSets::OwnSets(const Sampler& sampler, std::size_t labels, RowShards* shards, bool by_rank)
    : sampler_(sampler), labels_(labels), owners_(shards != nullptr ? shards->owners() : RowOwners{}) {
  by_rank_ = owners_.are_several() && by_rank;
  if (shards == nullptr || !by_rank_) return;
  if (const LabelIndex* const index = sampler.index_of_labels()) label_codes_.emplace(*index, *shards, labels);
}

bool OwnSets::by_rank(const Config& config) noexcept {
  const SamplerMix& mix = config.active_set.sampler;
  return uses_tables(mix) || uses_clusters(mix) || mix.has(SamplerKind::exact);
}

Config OwnSets::of_rank(const Config& config, std::uint32_t labels, const RowOwners& owners) {
  Config own = config;
  const std::uint64_t size = config.active_set.size.of(labels);
  const auto before = [&](std::uint64_t rank) { return size * rank / owners.ranks; };
  const std::uint64_t share = before(owners.rank + 1) - before(owners.rank);
  own.active_set.size = share == 0 ? 1u : static_cast<std::uint32_t>(share);
  return own;
}

void OwnSets::begin(const SparseRows& labels) {
  own_ = labels;
  if (!owners_.are_several()) return;
  if (label_codes_) label_codes_->gather(labels);
  offsets_.assign(1, 0);
  places_.clear();
  values_.clear();
  for (std::size_t row = 0; row < labels.rows(); ++row) {
    const auto ids = labels.row_ids(row);
    const auto values = labels.row_values(row);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!owners_.has(ids[i])) continue;
      places_.push_back(owners_.place(ids[i]));
      if (!values.empty()) values_.push_back(values[i]);
    }
    offsets_.push_back(places_.size());
  }
  own_ = {offsets_, places_, values_};
}

bool OwnSets::select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const {
  if (!by_rank_) {
    sampler_.select(group, seen, out);
    if (!owners_.are_several()) return true;
    const std::uint32_t first = owners_.owner(out.everything || out.ids.empty() ? 0 : out.ids.front());
    keep_own(out);
    return first == owners_.rank;
  }
  SampleGroup own = group;
  own.labels = own_;
  if (label_codes_) own.label_codes = &*label_codes_;
  own.seed = hashing::derive(group.seed, owners_.rank);
  sampler_.select(own, seen, out);
  return owners_.rank == 0;
}

void OwnSets::keep_own(ActiveSet& set) const {
  if (set.everything) return;
  std::size_t kept = 0, labels_kept = 0, exact = 0, weights = 0;
  for (std::size_t i = 0; i < set.ids.size(); ++i) {
    const std::uint32_t label = set.ids[i];
    if (!owners_.has(label)) continue;
    labels_kept += i < set.labels ? 1 : 0;
    if (i < set.exact) {
      ++exact;
    } else if (!set.log_weights.empty()) {
      set.log_weights[weights++] = set.log_weights[i - set.exact];
    }
    set.ids[kept++] = owners_.place(label);
  }
  set.ids.resize(kept);
  set.log_weights.resize(weights);
  set.labels = labels_kept;
  set.exact = exact;
}

}  // namespace glissade
