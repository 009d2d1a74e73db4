#pragma once

#include <atomic>

#include "engine/dense/packed_rows.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_optimizer.h"

namespace glissade {

/// A fully connected hidden layer, one parameter row (and bias) per output unit; products by oneDNN, in blocks over samples or
/// rows.
class DenseLayer {
 public:
  DenseLayer() = default;
  DenseLayer(std::size_t inputs, std::size_t outputs, const ParameterRows::Options& options) : rows(outputs, inputs, options) {}

  /// sums = input W^T + bias. False if oneDNN failed. Needs no shared buffer, so safe from many threads.
  bool forward(const Activations& input, Activations& sums) const;

  /// input_gradient = gradient W, [samples x input.stride], then updates every row. `gradient` is by the sums, [samples x
  /// gradient_stride].
  bool backward(const Activations& input, const float* gradient, std::size_t gradient_stride, float* input_gradient,
                const RowOptimizer& optimizer);

  ParameterRows rows;  ///< [outputs x inputs]

 private:
  PackedRows packed_;
  Array<std::uint16_t> gradient_halves_;
};

}  // namespace glissade
