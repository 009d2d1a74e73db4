#pragma once

#include <optional>
#include <vector>

#include "engine/dense/row_panels.h"
#include "engine/losses/loss.h"
#include "engine/losses/set_sums.h"
#include "engine/losses/shard_sums.h"
#include "engine/output/connected_products.h"
#include "engine/output/output_path.h"
#include "engine/output/shared_set.h"

namespace glissade {

/// One active set for the whole batch, with block products of our own. A step has two parallel passes:
///
///   samples: a block of samples multiplies its hidden vectors with all active rows, turns the logits, which its core's cache
///   holds,
///            into gradients, multiplies these with the rows again for the hidden gradient, and puts them into panels;
///   rows:    a block of rows multiplies the batch's hidden vectors with its panels and updates the rows at once.
///
/// Where rows are kept compactly and have few of their connections, the products are those of ConnectedProducts instead.
///
/// So the logits never reach memory; their gradients do, once, in the element type of the products. Half precision has a small
/// range: gradients by the logits are scaled for it, and a piece whose numbers would leave it goes in floats (half_range.h). A
/// very long active set (the full softmax) goes in pieces, see output_piece: its normaliser comes from a first pass, and logits
/// are computed twice.
class FusedOutput final : public OutputPath {
 public:
  explicit FusedOutput(const OutputParts& parts);
  OutputReport step(const OutputStep& step) override;
  /// What a step over a set of `set` rows of an output layer with `rows` of them takes, the threads' logits included; before
  /// anything is allocated.
  static std::uint64_t step_bytes(const Config& config, std::uint64_t set, std::uint64_t rows, std::uint64_t threads) noexcept;

 private:
  struct SampleState {
    double loss;
    float best;  ///< best plain logit so far, and whether it is a label's
    bool hit;
  };

  void prepare(const OutputStep& step);
  void transpose_hidden(const Activations& hidden);
  void narrow_hidden(const Activations& hidden);
  void load(const OutputStep& step, const SetPiece& piece);
  float gradient_bound(const OutputStep& step, const SetPiece& piece) const;
  void compute_logits(const OutputStep& step, std::size_t begin, std::size_t end, float* logits);
  void normalise(const OutputStep& step, const SetPiece& piece);
  void differentiate(const OutputStep& step, const SetPiece& piece);
  LogitRow logit_row(const OutputStep& step, const SetPiece& piece, std::size_t sample, float* z, FoundLabels& found) const;
  void differentiate_sample(const OutputStep& step, const SetPiece& piece, std::size_t sample, float* z);
  void probe(const float* z, const SetPiece& piece, std::span<const std::uint32_t> positions, SampleState& state) const;
  void store_gradients(std::size_t begin, std::size_t end, const float* logits);
  void update(const OutputStep& step, const SetPiece& piece);
  void update_connected(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end);
  void update_block(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end);
  const void* hidden_rows(const Activations& hidden, std::size_t first) const noexcept;
  bool in_halves() const noexcept { return element_ != dense::Element::f32; }
  std::size_t padded_rows() const noexcept { return start_.size(); }
  std::size_t samples_at_once(const OutputStep& step) const noexcept;
  std::size_t logit_stride() const noexcept;
  float* block_logits(std::size_t first) const;

  OutputParts parts_;
  Loss loss_;
  dense::Element best_element_;  ///< of the products, where numbers are not too large for it
  dense::Element element_;       ///< of the piece that is loaded
  float gradient_scale_ = 1;     ///< by which gradients by the logits are multiplied, in f16
  float largest_hidden_ = 0;     ///< known only where products may be in f16
  SharedSet set_;
  bool connected_;  ///< products go by the rows' connections, not by panels
  ConnectedProducts products_;
  RowPanels panels_;
  std::vector<std::uint32_t> all_ids_;  ///< of a piece of the set of all rows
  std::vector<float> start_;            ///< bias of each row of the piece, and the weight of drawn ones in the softmax
  std::size_t block_ = 0;               ///< samples per task
  std::size_t padded_samples_ = 0;
  std::vector<SampleState> state_;
  SetSums sums_;                         ///< of sets in several pieces
  bool keeps_logits_ = false;            ///< from the pass that sums to the one that differentiates
  mutable Array<float> kept_logits_;     ///< of the batch, where they are
  std::optional<ShardSums> shard_sums_;  ///< where other pieces are other ranks'
  std::vector<std::uint16_t> largest_of_block_;
  Array<float> gradients_;                ///< by the logits, in panels of 16 rows: padded_samples_ x 16 each
  Array<std::uint16_t> gradient_halves_;  ///< the same in 16 bits
  Array<float> hidden_columns_;           ///< hidden vectors transposed, and a row of ones for the biases: x padded_samples_
  Array<std::uint16_t> hidden_column_halves_;
  Array<std::uint16_t> hidden_halves_;  ///< hidden vectors in f16: samples x stride
};

}  // namespace glissade
