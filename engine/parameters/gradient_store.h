#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Gradients of rows, kept back until all batches that share a step have added theirs, or until the length of all of them
/// together is known: for `accumulate` and `clip-norm`. Without these a row is updated as soon as its gradient is there, and no
/// gradient is ever stored.
///
/// Address space for every row's gradient is taken once; memory only for as many rows as a step touches.
class GradientStore {
 public:
  /// Throws std::bad_alloc.
  explicit GradientStore(const std::vector<ParameterRows*>& blocks);

  /// Adds share * gradient (rows.width() floats) to what there is for the row. `rows` is one of the blocks. Safe from many
  /// threads for different rows; what comes for one row must come in a fixed order.
  void add(const ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient, float share) noexcept;

  /// Length of all gradients as one vector, biases included: the same for any number of threads.
  double norm() const;

  /// Calls update(rows, row, gradient, bias_gradient), all multiplied by `scale`, once for each row that has a gradient, in
  /// parallel, and forgets them.
  using Update = std::function<void(ParameterRows&, std::size_t, const float*, float)>;
  void flush(float scale, const Update& update);

  /// Rows of `rows` that have a gradient.
  std::size_t used_rows(const ParameterRows& rows) const noexcept { return block_of(rows).count; }

 private:
  struct Block {
    explicit Block(ParameterRows& of);
    ParameterRows& rows;
    Array<std::uint32_t> place_of;  ///< by row: its place + 1, 0 = it has no gradient
    Array<std::uint32_t> row_of;    ///< by place
    Array<float> gradients;         ///< by place, a row's stride each
    Array<float> bias_gradients;
    std::atomic<std::uint32_t> count{0};
  };
  const Block& block_of(const ParameterRows& rows) const noexcept;

  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace glissade
