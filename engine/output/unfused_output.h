#pragma once

#include <atomic>
#include <vector>

#include "engine/dense/packed_rows.h"
#include "engine/losses/loss.h"
#include "engine/losses/set_sums.h"
#include "engine/output/output_path.h"
#include "engine/output/shared_set.h"

namespace glissade {

/// The baseline for FusedOutput: the same step with plain matrix products of oneDNN. The set goes in pieces of kPiece rows: the
/// logit matrix of one piece is all that exists. With more than one piece (the full softmax) the softmax's normaliser comes from
/// a first pass and the logits are computed again in the second; each piece's rows are updated as soon as their gradient is
/// known.
class UnfusedOutput final : public OutputPath {
 public:
  explicit UnfusedOutput(const OutputParts& parts);
  OutputReport step(const OutputStep& step) override;

 private:
  static constexpr std::size_t kPiece = 8192;    ///< active rows at once
  static constexpr std::size_t kRowBlock = 256;  ///< rows per task of the weight gradient

  struct SampleState {
    double loss;
    float best;  ///< best plain logit so far, and whether it is a label's
    bool hit;
  };

  void load(const OutputStep& step, const SetPiece& piece);
  void forward_block(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end);
  void normalise_piece(const OutputStep& step, const SetPiece& piece);
  void differentiate_piece(const OutputStep& step, const SetPiece& piece);
  void differentiate_block(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end);
  void update_piece(const OutputStep& step, const SetPiece& piece);
  void update_block(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end);
  LogitRow logit_row(const OutputStep& step, const SetPiece& piece, std::size_t sample, FoundLabels& found);

  OutputParts parts_;
  Loss loss_;
  dense::Element element_;
  SharedSet set_;
  PackedRows packed_;
  std::vector<float> bias_;  ///< of the piece's rows
  std::size_t block_ = 0;    ///< samples per task, a function of the batch size alone
  std::vector<SampleState> state_;
  SetSums sums_;                          ///< of sets in several pieces
  Array<float> logits_;                   ///< [samples x kPiece]: logits, then gradients
  Array<std::uint16_t> gradient_halves_;  ///< the same gradients in bf16, where products read bf16
  Array<float> bias_gradients_;           ///< [sample blocks x kPiece]
  std::atomic<bool> ok_{true};
};

}  // namespace glissade
