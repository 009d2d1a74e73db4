#pragma once

#include <cstdint>

#include <glissade/config.h>

#include "engine/parameters/parameter_rows.h"
#include "simd/kernels.h"

namespace glissade {

/// One optimiser step's numbers, applied row by row to whatever rows the step touches: lazy Adam (Kingma & Ba 2015) or SGD, with
/// decoupled weight decay (Loshchilov & Hutter 2019). A row's moments first decay by the steps since it was last touched, as they
/// would have under dense Adam with zero gradients; its weights do not move in between.
///
/// Made once per step; update() is safe from many threads for different rows.
class RowOptimizer {
 public:
  /// `step` counts from 1.
  RowOptimizer(const Config& config, double learning_rate, std::uint64_t step);

  /// Applies the gradient `gradient` (rows.width() floats) and `bias_gradient` to row `row`. Returns the squared length of the
  /// change, bias included.
  float update(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient) const noexcept;

 private:
  float power1(std::uint64_t steps) const noexcept;
  float power2(std::uint64_t steps) const noexcept;
  float update_bias(ParameterRows& rows, std::size_t row, float gradient, const simd::AdamStep& step) const noexcept;

  const simd::Kernels& kernels_;
  OptimizerKind kind_;
  double beta1_;
  double beta2_;
  std::uint64_t step_;
  simd::AdamStep adam_;
  simd::SgdStep sgd_;
};

}  // namespace glissade
