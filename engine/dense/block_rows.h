#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/parameters/array.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Samples as blocks of rows read them: unit by unit. One per thread; buffers are kept.
class UnitColumns {
 public:
  /// Takes `samples` vectors of `width` numbers, `stride` apart; `halves` are the same in bf16, null where rows are floats.
  void take(const float* values, const std::uint16_t* halves, std::size_t stride, std::size_t samples, std::size_t width);

  std::size_t samples() const noexcept { return samples_; }

 private:
  friend class BlockRows;
  const float* values_ = nullptr;
  const std::uint16_t* halves_ = nullptr;
  std::size_t stride_ = 0, samples_ = 0;
  std::size_t padded_ = 0;  ///< samples, up to whole panels; 0: they are too few to be turned
  std::vector<float> columns_;
  std::vector<std::uint16_t> half_columns_;
};

/// Rows that share connections, as the small dense matrices that they are: what a query needs of an output layer, at the size of
/// its connections. Block b has the rows of places b * block() .. and the units ids[b], a row of weights for each. Unlike
/// ParameterRows it never changes. Const members are safe from many threads.
class BlockRows {
 public:
  BlockRows() = default;
  /// Of rows that share connections. In parallel.
  explicit BlockRows(const ParameterRows& rows);

  bool empty() const noexcept { return labels_.empty(); }
  std::size_t rows() const noexcept { return labels_.size(); }
  std::size_t block() const noexcept { return block_; }
  /// The row at each place.
  std::span<const std::uint32_t> labels() const noexcept { return labels_; }
  std::size_t memory_bytes() const noexcept;

  /// scores[s * stride + i] = the product of sample s and the row at place first + i, plus the row's bias. `first` is a multiple
  /// of block(). About count * fan-in multiplications a sample.
  void score(const UnitColumns& samples, std::size_t first, std::size_t count, float* scores, std::size_t stride) const;

 private:
  void take_row(const ParameterRows& rows, std::size_t place);
  template <class T>
  void score_apart(const T* x, const T* weights, std::size_t first, std::size_t count, float* scores) const;
  void score_together(const UnitColumns& samples, std::size_t block, std::size_t count, float* scores, std::size_t stride) const;

  std::size_t block_ = 1, depth_ = 0;  ///< connections of a row, up to a multiple of simd::kBlockDepth
  std::vector<std::uint32_t> labels_;
  Array<std::uint16_t> ids_;     ///< [blocks][depth]; those behind the last have weights of 0
  Array<float> weights_;         ///< [places][depth], or
  Array<std::uint16_t> halves_;  ///< the same in bf16
  Array<float> bias_;            ///< by place
};

}  // namespace glissade
