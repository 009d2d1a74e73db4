#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <glissade/config.h>

#include "simd/kernels.h"

namespace glissade {

/// One sample's logits over (a piece of) its active set.
struct LogitRow {
  float* z;  ///< logits in, gradient by the logits out
  std::size_t size;
  std::span<const std::uint32_t> positions;  ///< where the sample's true labels stand in this piece
  std::size_t label_count;                   ///< of the sample, over all pieces
  std::size_t exact;                         ///< entries from here on stand for exp(log_weight) rows each
  float log_weight;
};

/// A loss over an active set and its gradient, in place. Softmax cross-entropy (targets 1 / label_count each) needs the
/// normaliser of all pieces first; sigmoid BCE (targets 1 for the labels) treats each entry alone. Rows drawn uniformly enter
/// weighted, so that both losses and their gradients estimate those of the full layer.
///
/// Stateless; safe from many threads.
class Loss {
 public:
  explicit Loss(LossKind kind) : kind_(kind), kernels_(simd::kernels()) {}

  bool needs_normaliser() const noexcept { return kind_ == LossKind::softmax; }

  /// Enters the weights of sampled rows into the logits, where the loss wants them there (softmax). Once per row, before the
  /// calls below.
  void weigh(const LogitRow& row) const noexcept;

  /// log sum exp of the piece.
  float normaliser(const LogitRow& row) const noexcept;

  /// Adds up over pieces to the sample's loss. After the call row.z is `scale` times the derivative by the logits. For softmax
  /// `log_sum` is the normaliser over all pieces, and first_piece tells where to count it.
  double gradient(const LogitRow& row, float log_sum, bool first_piece, float scale) const noexcept;

 private:
  double softmax_gradient(const LogitRow& row, float log_sum, bool first_piece) const noexcept;
  double bce_gradient(const LogitRow& row) const noexcept;

  LossKind kind_;
  const simd::Kernels& kernels_;
};

/// log(exp(a) + exp(b)).
float log_add(float a, float b) noexcept;

}  // namespace glissade
