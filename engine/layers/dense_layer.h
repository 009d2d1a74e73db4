#pragma once

#include <atomic>

#include "engine/batches/vector_batch.h"
#include "engine/dense/packed_rows.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_optimizer.h"

namespace glissade {

/// What a dense layer reads of a batch: rows `stride` elements apart, and the same numbers in bf16 where storage has 16 bits.
struct DenseInput {
  std::size_t samples;
  std::size_t stride;
  const float* values;
  const std::uint16_t* halves;

  DenseInput(const Activations& from) noexcept  // NOLINT(google-explicit-constructor)
      : samples(from.samples), stride(from.stride), values(from.values.data()), halves(from.halves.data()) {}
  DenseInput(const VectorBatch& from) noexcept  // NOLINT(google-explicit-constructor)
      : samples(from.samples), stride(from.stride), values(from.values.data()), halves(from.halves.data()) {}
};

/// A fully connected hidden layer, one parameter row (and bias) per output unit; products by oneDNN, in blocks over samples or
/// rows.
class DenseLayer {
 public:
  DenseLayer() = default;
  DenseLayer(std::size_t inputs, std::size_t outputs, const ParameterRows::Options& options) : rows(outputs, inputs, options) {}

  /// sums = input W^T + bias, or with `add` sums += that; without biases if the rows have none. False if oneDNN failed. Needs no
  /// shared buffer, so safe from many threads.
  bool forward(const DenseInput& input, Activations& sums, bool add = false) const;

  /// input_gradient = gradient W, [samples x input.stride] (null: not wanted), then updates every row. `gradient` is by the sums,
  /// [samples x gradient_stride].
  bool backward(const DenseInput& input, const float* gradient, std::size_t gradient_stride, float* input_gradient,
                const RowOptimizer& optimizer);

  ParameterRows rows;  ///< [outputs x inputs]

 private:
  PackedRows packed_;
  Array<std::uint16_t> gradient_halves_;
};

}  // namespace glissade
