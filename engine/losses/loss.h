#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <glissade/config.h>

#include "simd/kernels.h"

namespace glissade {

/// Whether the loss makes a distribution over labels.
constexpr bool is_softmax(LossKind kind) noexcept { return kind == LossKind::softmax || kind == LossKind::decoupled; }

/// One sample's logits over (a piece of) its active set.
struct LogitRow {
  float* z;  ///< logits in, gradient by the logits out
  std::size_t size;
  std::span<const std::uint32_t> positions;   ///< where the sample's true labels stand in this piece
  std::size_t label_count;                    ///< of the sample, over all pieces
  std::size_t exact;                          ///< entries from here on are weighted: they stand for several rows each
  std::span<const float> log_weights;         ///< of those, log of how many; empty: one each
  std::span<const float> label_weights = {};  ///< of the labels at `positions`; empty: 1 each
};

/// What the softmax losses must know of a sample's whole set before any piece of it can be differentiated.
struct SetSum {
  float log_sum;                              ///< log sum exp of all logits; decoupled: of those that are no labels
  std::span<const float> label_logits;        ///< decoupled: of all labels of the sample
  std::span<const float> label_weights = {};  ///< of all labels of the sample, in the same order; empty: 1 each
};

/// A loss over an active set and its gradient, in place. The targets of a sample share 1, each times its label's weight.
///
///   softmax     cross-entropy over the whole set
///   decoupled   each label against the entries that are no labels, so that a sample's labels do not compete (Gupta et al., Dual-
///               Encoders for Extreme Multi-Label Classification, 2024)
///   bce         sigmoid, targets 1 for the labels, each entry alone; a label's weight is that of its own cross-entropy, so that
///   the
///               loss never falls below 0
///
/// The first two need the normaliser of all pieces first. Rows drawn uniformly enter weighted, so that the losses and their
/// gradients estimate those of the full layer.
///
/// Stateless; safe from many threads.
class Loss {
 public:
  explicit Loss(LossKind kind) : kind_(kind), kernels_(simd::kernels()) {}

  bool needs_normaliser() const noexcept { return is_softmax(kind_); }

  /// Enters the weights of sampled rows into the logits, where the loss wants them there (softmaxes). Once per row, before the
  /// calls below.
  void weigh(const LogitRow& row) const noexcept;

  /// The piece's part of SetSum::log_sum. May write to row.z and puts back what was there.
  float normaliser(const LogitRow& row) const noexcept;

  /// What a gradient call returns: what the row adds to the sample's loss, and the number by which row.z is still to be
  /// multiplied to be `scale` times the derivative by the logits. The caller has a pass over the row anyway.
  struct RowGradient {
    double loss;
    float factor;
  };

  /// Of a set in one piece.
  RowGradient gradient(const LogitRow& row, float scale) const;

  /// Of one piece of several; the losses add up over them. `first_piece` tells where to count what `all` says.
  RowGradient gradient(const LogitRow& row, float scale, const SetSum& all, bool first_piece) const;

 private:
  RowGradient bce_gradient(const LogitRow& row, float scale) const noexcept;
  RowGradient decoupled_gradient(const LogitRow& row, float scale) const;

  LossKind kind_;
  const simd::Kernels& kernels_;
};

/// log(exp(a) + exp(b)).
float log_add(float a, float b) noexcept;

}  // namespace glissade
