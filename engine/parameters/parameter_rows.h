#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <glissade/config.h>

#include "engine/parameters/array.h"

namespace glissade {

/// rows x width parameters with one bias per row, and, if trainable, what the optimiser keeps for each. A row starts on a cache
/// line: rows are `stride` elements apart, the padding stays 0.
///
/// fp32: one float array. bf16-mixed: each float as two 16-bit arrays (see simd/kernel_list.h, "split"): the forward pass reads
/// `high` alone.
///
/// Rows are independent: different rows may be updated from different threads at once.
class ParameterRows {
 public:
  struct Options {
    Storage storage = Storage::bf16_mixed;
    bool with_bias = true;
    bool trainable = true;
    bool with_moments = true;  ///< Adam state
  };

  ParameterRows() = default;
  ParameterRows(std::size_t rows, std::size_t width, const Options& options);

  std::size_t rows() const noexcept { return rows_; }
  std::size_t width() const noexcept { return width_; }
  std::size_t stride() const noexcept { return stride_; }
  Storage storage() const noexcept { return options_.storage; }
  const Options& options() const noexcept { return options_; }
  std::size_t memory_bytes() const noexcept;

  /// Row `row` as floats, exact, `width` of them.
  void read(std::size_t row, float* out) const noexcept;
  /// As the forward pass sees it: the high half alone in bf16-mixed.
  void read_forward(std::size_t row, float* out) const noexcept;
  void write(std::size_t row, const float* values) noexcept;

  /// Draws every weight uniformly from [-limit, limit], a function of (seed, row) only. Biases stay 0.
  void randomize(double limit, std::uint64_t seed);

  static std::size_t padded(std::size_t width) noexcept { return (width + 31) / 32 * 32; }

  // The arrays themselves, for kernels and for the model file. Which are non-empty follows from the options.
  Array<float> weights;        ///< fp32
  Array<std::uint16_t> high;   ///< bf16-mixed
  Array<std::uint16_t> low;    ///< bf16-mixed, trainable
  Array<float> bias;           ///< with_bias
  Array<float> first_moment;   ///< with_moments
  Array<float> second_moment;  ///< with_moments
  Array<float> bias_first_moment;
  Array<float> bias_second_moment;
  Array<std::uint32_t> row_steps;  ///< trainable: the optimiser step that last touched the row, 0 = never

 private:
  std::size_t rows_ = 0;
  std::size_t width_ = 0;
  std::size_t stride_ = 0;
  Options options_;
};

}  // namespace glissade
