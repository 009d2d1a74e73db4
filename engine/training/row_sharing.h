#pragma once

#include <optional>
#include <span>

#include <glissade/communicator.h>
#include <glissade/result.h>

#include "engine/communication/row_shards.h"
#include "engine/layers/input_shards.h"
#include "engine/layers/network.h"
#include "engine/output/output_path.h"
#include "engine/training/stop_wish.h"

namespace glissade {

/// What the ranks of a run that share the rows out tell each other in a step: sums of the input layer, gradients of the hidden
/// layer, how it went, and whether one of them wants to stop.
class RowSharing {
 public:
  /// All must outlive it.
  RowSharing(Communicator& ranks, const Network& network, Wire wire, StopWish& stop)
      : rows_(ranks, wire), inputs_(rows_, network.input.rows), stop_(stop) {}

  RowShards& rows() noexcept { return rows_; }
  InputShards& inputs() noexcept { return inputs_; }
  const std::optional<Error>& error() const noexcept { return rows_.error(); }

  /// The hidden gradient, whose sum the output layer has begun, and what `report` sums over rows become those of all ranks.
  /// Collective.
  void add_up(OutputReport& report);
  /// What concerns a step whose gradients waited. Collective.
  struct Waited {
    std::uint64_t features = 0, rows = 0;  ///< rows of this rank that have gradients; becomes those of all
    double square = 0;                     ///< of the gradients of such rows; likewise
  };
  void add_up(Waited& waited);
  /// Features of the step, of all ranks; as add_up() has found.
  std::uint64_t features_touched() const noexcept { return features_touched_; }

 private:
  RowShards rows_;
  InputShards inputs_;
  std::uint64_t features_touched_ = 0;
  StopWish& stop_;
};

}  // namespace glissade
