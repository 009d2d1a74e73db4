#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/communication/row_shards.h"
#include "engine/output/output_path.h"
#include "engine/samplers/active_set.h"
#include "engine/samplers/own_sets.h"

namespace glissade {

/// A stretch of an active set that is held at once.
struct SetPiece {
  std::size_t first;
  std::size_t size;
};

/// Where in a piece the labels of a sample stand, and their weights as targets (none: 1 each).
struct FoundLabels {
  std::vector<std::uint32_t> positions;
  std::vector<float> weights;
};

/// The active set that the samples of a batch share, and where in it a sample's labels stand.
class SharedSet {
 public:
  /// `labels`: how many there are. `owners`: whose their rows are.
  SharedSet(const OwnSets& sets, std::size_t labels, const RowOwners& owners)
      : sets_(sets), owners_(owners), rows_(owners.count(labels)), seen_(sets.universe()), position_(labels) {}

  /// Chooses the set of the whole batch, as far as it is this rank's: ids are places among its rows.
  void choose(const OutputStep& step, std::size_t every);
  /// Whether this rank counts what concerns the set as a whole.
  bool counts_all() const noexcept { return counts_all_; }

  std::size_t size() const noexcept { return active_.size(rows_); }
  std::uint32_t id(std::size_t position) const noexcept {
    return active_.everything ? static_cast<std::uint32_t>(position) : active_.ids[position];
  }
  /// The ids of a piece, or an empty span if the set is all rows in order.
  std::span<const std::uint32_t> ids(const SetPiece& piece) const noexcept {
    return active_.everything ? std::span<const std::uint32_t>() : std::span(active_.ids).subspan(piece.first, piece.size);
  }
  bool everything() const noexcept { return active_.everything; }
  /// How many of the piece's rows count as they are; log_weights_in tells for how many rows each of those behind stands.
  std::size_t exact_in(const SetPiece& piece) const noexcept;
  /// Empty if all rows of the piece count as they are, or are not to be corrected.
  std::span<const float> log_weights_in(const SetPiece& piece) const noexcept;

  /// Those labels of a sample that stand in the piece.
  void find(const SparseRows& labels, std::size_t sample, const SetPiece& piece, FoundLabels& found) const;

 private:
  static constexpr std::uint32_t kNone = 0xffffffffu;

  OwnSets sets_;
  RowOwners owners_;
  std::size_t rows_;  ///< of this rank
  hashing::StampSet seen_;
  ActiveSet active_;
  std::vector<std::uint32_t> position_;  ///< of a label in the set, for this batch's labels; kNone: it is another rank's
  bool counts_all_ = true;
};

}  // namespace glissade
