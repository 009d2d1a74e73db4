#pragma once

#include <cstddef>
#include <span>

#include <glissade/row_pager.h>
#include <glissade/views.h>

#include "engine/parameters/array.h"

namespace glissade {

/// What happens to the vectors of rows before any part of a model sees them: each column less its mean over the training rows and
/// over its deviation, times a factor that gives the rows a mean square length of kLength. So columns of any unit count alike,
/// and learning rates suit vectors of any length. A column that does not vary is 0. Const members are thread-safe.
class VectorScale {
 public:
  static constexpr double kLength = 1.0;

  VectorScale() = default;
  /// That changes nothing yet.
  explicit VectorScale(std::size_t width);

  bool empty() const noexcept { return numbers_.empty(); }
  std::size_t width() const noexcept { return numbers_.size() / 2; }

  /// Learns means and deviations of the rows that have vectors. Two passes, sums in a fixed order, in parallel.
  void learn(const DenseRows& vectors);
  /// out[0 .. width - 1] of one row.
  void apply(std::span<const float> vector, float* out) const noexcept;
  /// The numbers of another one, which learn() then keeps: weights of a model that was trained before expect them.
  void take(const VectorScale& from) {
    numbers_ = from.numbers_.shared();
    known_ = true;
  }
  /// The same numbers in the same memory.
  void share(const VectorScale& from) { numbers_ = from.numbers_.shared(); }

  /// For the model file: the means, then the factors. Empty where rows have no vectors.
  Array<float>& numbers() noexcept { return numbers_; }
  const Array<float>& numbers() const noexcept { return numbers_; }
  /// Why the numbers cannot be those of `width` columns, or "".
  const char* defect(std::size_t width) const noexcept;

 private:
  Array<float> numbers_;
  bool known_ = false;
};

}  // namespace glissade
