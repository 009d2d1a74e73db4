#pragma once

#include <cstdint>

#include <glissade/config.h>

#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_changes.h"
#include "simd/kernels.h"

namespace glissade {

class GradientStore;

/// Which optimiser, and its numbers but for the learning rate.
struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adam;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  std::uint64_t seed = 1;  ///< of stochastic rounding

  static OptimizerOptions of(const Config& config) noexcept;
};

/// One optimiser step's numbers, applied row by row to whatever rows the step touches, with decoupled weight decay (Loshchilov &
/// Hutter 2019). g is the row's gradient, d the steps since the row was last touched, w the weights:
///
///   adam      m <- beta1^d m + (1 - beta1) g;  v <- beta2^d v + (1 - beta2) g^2;  w <- w - rate m' / (sqrt(v') + epsilon),
///             m' and v' without the bias of their start at 0 (Kingma & Ba 2015). With a second moment per row, g^2 is the mean
///             over the row's weights and v one number.
///   adagrad   v <- v + mean of g^2 over the row;  w <- w - rate g / (sqrt(v) + epsilon)   (Duchi et al. 2011, a rate per row)
///   momentum  m <- beta1^d m + g;  w <- w - rate m   (Polyak 1964)
///   sgd       w <- w - rate g
///
/// So a row's moments decay by the steps that passed it over, as they would have under zero gradients; its weights do not move in
/// between. Adagrad's sum never decays. A bias is a weight of its own in all of this, also where v is one number per row.
///
/// What is kept in bf16 is widened, updated in floats and rounded stochastically: rounded to nearest, a moment that changes by
/// less than 1/512 in a step, as v does, would stand still. The draws are a function of (seed, step, block, row).
///
/// Made once per step; update() is safe from many threads for different rows.
class RowOptimizer {
 public:
  /// `step` counts from 1.
  RowOptimizer(const OptimizerOptions& options, double learning_rate, std::uint64_t step);
  RowOptimizer(const Config& config, double learning_rate, std::uint64_t step)
      : RowOptimizer(OptimizerOptions::of(config), learning_rate, step) {}

  /// The same step, but gradients go to `store`, which must outlive this, multiplied by `share`, and rows stay as they are.
  RowOptimizer collecting(GradientStore& store, float share) const noexcept {
    RowOptimizer other = *this;
    other.store_ = &store;
    other.share_ = share;
    return other;
  }

  /// The same step, in which connections of rows change. `changes` must outlive it. Without this they stay as they are.
  RowOptimizer changing(const RowChanges& changes) const noexcept {
    RowOptimizer other = *this;
    other.changes_ = &changes;
    return other;
  }

  /// Asks for all that update(rows, row) will touch, of a long row its begin: call it a row or two ahead. Rows are far apart in
  /// memory, and each has a handful of places there.
  void prefetch(const ParameterRows& rows, std::size_t row) const noexcept;

  /// Applies the gradient `gradient` (rows.width(row) floats) and `bias_gradient` to row `row`. Where they are means over `steps`
  /// steps that come late, the row moves so many times as far, and Adagrad's sum grows so much: about what it would have done
  /// step by step, and what momentum correction is to a plain momentum (Lin et al. 2018). Returns the squared length of the
  /// change, bias included, in bf16 that before rounding; 0 where gradients are collected. `rows` has the state that the
  /// optimiser keeps (OptimizerState).
  ///
  /// Of a row that has some of its connections only (ParameterRows::fan_in), these alone are updated: a row's second moment is
  /// the mean over them. Its connections may change before that, with rigl and snip instead of it, or with set and snfs after it.
  /// Throws std::bad_alloc where they change.
  float update(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient, std::uint32_t steps = 1) const;

  /// The same for a compact row, of whose gradient the part of its connections is known, one number for each. Not where the
  /// row's connections would change by the others: needs_whole_gradient(), which holds until the row is updated, so that
  /// gradients that wait in a store are whole, too.
  float update_kept(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient) const;
  bool needs_whole_gradient(const ParameterRows& rows, std::size_t row) const noexcept;

 private:
  /// The kernel that a row goes through: an optimiser with one second moment per row is one without, at a rate of the row's own.
  enum class Rule { adam, momentum, sgd };
  struct Numbers {
    Rule rule;
    simd::AdamStep adam;
    simd::MomentumStep momentum;
    simd::SgdStep sgd;
  };
  struct Part;
  struct Gathered;

  float power1(std::uint64_t steps) const noexcept;
  float power2(std::uint64_t steps) const noexcept;
  Numbers numbers_for(ParameterRows& rows, std::size_t row, const float* gradient, std::uint64_t skipped,
                      float steps) const noexcept;
  float update_weights(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient,
                       std::uint32_t steps) const;
  float update_elements(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient,
                        std::uint32_t steps) const noexcept;
  float update_connections(ParameterRows& rows, std::size_t row, const float* gradient, const Numbers& numbers,
                           std::uint64_t seed) const noexcept;
  float update_part(const Part& part, const Numbers& numbers) const noexcept;
  float update_bias(ParameterRows& rows, std::size_t row, float gradient, const Numbers& numbers, float steps) const noexcept;

  const simd::Kernels& kernels_;
  OptimizerKind kind_;
  double beta1_;
  double beta2_;
  std::uint64_t step_;
  std::uint64_t rounding_;  ///< seed of this step's stochastic rounding
  simd::AdamStep adam_;
  simd::MomentumStep momentum_;
  simd::SgdStep sgd_;
  const RowChanges* changes_ = nullptr;
  GradientStore* store_ = nullptr;
  float share_ = 1;
};

}  // namespace glissade
