#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/batches/label_share.h"
#include "engine/losses/loss.h"
#include "engine/losses/set_sums.h"
#include "engine/losses/shard_sums.h"
#include "engine/sparse_rows/sample_blocks.h"

namespace glissade {

/// The loss of samples whose labels several ranks have, decoupled softmax: each rank adds the logits of its labels, then all know
/// the sums, then each differentiates by its own. What travels is two numbers a sample and one for each of its labels.
class SharedLoss {
 public:
  /// `rows`: the samples, of which a batch has some by their places. `label_weights`: of the labels of all ranks, as targets;
  /// empty: equal. All must outlive it.
  SharedLoss(const LabelShare& labels, std::span<const std::uint32_t> rows, std::span<const float> label_weights)
      : labels_(labels), rows_(rows), weights_(label_weights), sums_of_ranks_(*labels.shards(), LossKind::decoupled) {}

  void begin(std::span<const std::uint32_t> places);
  /// How many labels sample `i` of the batch has, whoever has them.
  std::size_t label_count(std::size_t i) const noexcept { return ends_[i + 1] - ends_[i]; }
  /// What this rank has of a sample of the batch; thread-safe among samples.
  void add(std::size_t i, const LogitRow& own) { sums_.add(loss_, i, own); }
  /// Collective. False after an error, which the ranks' RowShards has.
  bool add_up();
  /// What the logits of `own` are to be multiplied by behind it, as Loss::gradient() has it.
  float factor(std::size_t i, const LogitRow& own, float weight) const {
    return loss_.gradient(own, weight, sums_.of(i), labels_.shards()->rank() == 0).factor;
  }

 private:
  const LabelShare& labels_;
  std::span<const std::uint32_t> rows_;
  std::span<const float> weights_;
  Loss loss_{LossKind::decoupled};
  SetSums sums_;
  ShardSums sums_of_ranks_;
  std::vector<std::uint64_t> ends_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> values_;
};

/// differentiate_in_blocks() where several ranks have labels, each of which goes through all samples with its own: first
/// measure(place, found) of each sample, then, with the sums of all ranks, add(place, found, factor, out). `found` keeps what was
/// measured of the batch; logits_of(one, labels) is its LogitRow, of a sample with so many labels in all. False after an error.
template <class Found, class Out, class Measure, class LogitsOf, class Add>
bool differentiate_among(SharedLoss& loss, const DatasetView& data, std::span<const std::uint32_t> rows,
                         std::span<const std::uint32_t> places, std::vector<Found>& found, std::vector<Out>& blocks,
                         const Measure& measure, const LogitsOf& logits_of, const Add& add) {
  loss.begin(places);
  found.resize(places.size());
  for_each_block(places.size(), [&](std::size_t, std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) {
      if (loss.label_count(i) == 0) continue;
      measure(places[i], found[i]);
      loss.add(i, logits_of(found[i], loss.label_count(i)));
    }
  });
  if (!loss.add_up()) return false;
  blocks.resize(blocks_of(places.size()));
  for_each_block(places.size(), [&](std::size_t block, std::size_t first, std::size_t end) {
    blocks[block].clear();
    for (std::size_t i = first; i < end; ++i) {
      if (loss.label_count(i) == 0 || found[i].labels.all().empty()) continue;
      const LogitRow own = logits_of(found[i], loss.label_count(i));
      add(places[i], found[i], loss.factor(i, own, data.weight(rows[places[i]])), blocks[block]);
    }
  });
  return true;
}

}  // namespace glissade
