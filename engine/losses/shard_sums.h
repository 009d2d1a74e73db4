#pragma once

#include <span>
#include <vector>

#include "engine/communication/row_shards.h"
#include "engine/losses/set_sums.h"

namespace glissade {

/// What ranks that share out the rows of labels must tell each other in a step: per sample the normaliser of the softmax and,
/// where it is looked at, the best logit; whatever the number of labels.
class ShardSums {
 public:
  ShardSums(RowShards& shards, LossKind loss) : shards_(shards), with_labels_(loss == LossKind::decoupled) {}

  /// The log sums of all ranks' pieces and, where the loss wants them, the logits of all of the samples' labels.
  void add_up(SetSums& sums, const SparseRows& labels);

  /// A sample's best logit among the rows of this rank, and whether it is a label's: told with the next exchange().
  void tell_best(float logit, bool is_label);
  /// Of so many samples whose best was told first, how many have a label as the best of all ranks. Behind the exchange.
  static std::uint64_t hits(const RowShards& shards, std::size_t samples) noexcept;

 private:
  RowShards& shards_;
  bool with_labels_;
  std::vector<float> mine_, all_, sums_, logits_;
  std::vector<std::size_t> counts_, begins_;
};

}  // namespace glissade
