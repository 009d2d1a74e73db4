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
  std::size_t exact;                         ///< entries from here on are weighted: they stand for several rows each
  std::span<const float> log_weights;        ///< of those, log of how many; empty: one each
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

  /// What a gradient call returns: what the row adds to the sample's loss, and the number by which row.z is still to be
  /// multiplied to be `scale` times the derivative by the logits. The caller has a pass over the row anyway.
  struct RowGradient {
    double loss;
    float factor;
  };

  /// Of a set in one piece.
  RowGradient gradient(const LogitRow& row, float scale) const noexcept;

  /// Of one piece of several; the losses add up over them. For softmax `log_sum` is the normaliser over all pieces, and
  /// first_piece tells where to count it.
  RowGradient gradient(const LogitRow& row, float scale, float log_sum, bool first_piece) const noexcept;

 private:
  RowGradient bce_gradient(const LogitRow& row, float scale) const noexcept;

  LossKind kind_;
  const simd::Kernels& kernels_;
};

/// log(exp(a) + exp(b)).
float log_add(float a, float b) noexcept;

}  // namespace glissade
