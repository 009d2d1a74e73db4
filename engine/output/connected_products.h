#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/dense/gemm.h"
#include "engine/layers/activation.h"
#include "engine/parameters/array.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// The three products of a training step with label rows that are kept compactly: logits, gradients of the hidden vectors and
/// gradients of the rows, in floats, each at the cost of the rows' connections. Samples go in chunks, in which hidden vectors lie
/// unit by unit: a connection is then a number times neighbouring samples. What a chunk or a row computes does not depend on the
/// threads.
class ConnectedProducts {
 public:
  /// Whether they are faster than products with all of the rows' zeros, of that element.
  static bool pay(const ParameterRows& rows, dense::Element element) noexcept;
  /// The most rows of a set: those that a unit connects to are numbered in 16 bits.
  static constexpr std::size_t kMostRows = 32768;

  /// Takes a batch's hidden vectors.
  void take(const Activations& hidden);
  /// Takes the rows `ids`, at most kMostRows, as the forward pass sees them.
  void take(const ParameterRows& rows, std::span<const std::uint32_t> ids);

  /// Samples of a chunk.
  std::size_t chunk() const noexcept { return chunk_; }

  /// z[s * stride + j] = start[j] + the product of row j and sample begin + s, for the samples begin .. end - 1 of a chunk.
  void logits(std::size_t begin, std::size_t end, const float* start, float* z, std::size_t stride) const;
  /// Takes the gradients by these logits, and adds their products with the rows to those of the chunk's hidden vectors.
  void add_hidden_gradients(std::size_t begin, std::size_t end, const float* z, std::size_t stride, float* hidden_gradient,
                            std::size_t hidden_stride);

  /// Of the rows first .. first + count - 1, when the gradients of all chunks are taken: out[i * fan_in + d] = the gradient of
  /// the row's connection d, bias[i] that of its bias.
  void row_gradients(std::size_t first, std::size_t count, float* out, float* bias) const;
  /// All of a row's gradient, out[width], connected or not; `hidden`: the batch that was taken.
  void whole_gradient(std::size_t row, const Activations& hidden, float* out) const;

 private:
  const float* units_of(std::size_t chunk) const noexcept { return units_.data() + chunk * width_ * chunk_; }
  void connect();

  std::size_t samples_ = 0, width_ = 0, chunk_ = 0, chunks_ = 0;
  std::size_t rows_ = 0, fan_in_ = 0;
  Array<float> units_;                  ///< [chunk][unit][sample of the chunk], 0 behind the last sample
  std::vector<std::uint16_t> columns_;  ///< [row][connection]
  std::vector<float> weights_;          ///< likewise
  Array<float> gradients_;              ///< by the logits: [chunk][row][sample of the chunk]
  std::vector<std::uint32_t> begins_;   ///< by unit: where the entries of the rows begin that it connects to
  std::vector<std::uint32_t> counts_;   ///< [part of the rows][unit]
  std::vector<std::uint16_t> members_;  ///< by unit: rows
  std::vector<float> member_weights_;   ///< by unit: their weights
};

}  // namespace glissade
