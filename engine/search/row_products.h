#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/dense/column_panels.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Scores of neighbouring rows for some samples, on the calling thread. One sample reads the rows where they lie. A few share
/// each row while it is in the first-level cache. Many multiply rows that are packed once for all of them.
class RowProducts {
 public:
  /// The most samples of one call of score(): their hidden vectors and scores stay in the second-level cache.
  static constexpr std::size_t kMostSamples = 64;

  /// How many rows suit this number of samples: few enough for them, packed, and their scores to stay in the second-level cache.
  static std::size_t piece(const ParameterRows& rows, std::size_t samples) noexcept;

  /// Distance between the scores of two samples: not a power of two, whose lines would share a few sets of the cache.
  static std::size_t stride(std::size_t piece) noexcept { return piece + 16; }

  /// Rows first .. first + count - 1, at most a piece, are meant by score() from here on; they are scored for `samples` in all.
  void take(const ParameterRows& rows, std::size_t first, std::size_t count, std::size_t samples);

  /// scores[s * stride + r] = the product of sample begin + s and row first + r, plus the row's bias. `stride` is that of the
  /// piece; what lies behind the count-th score of a sample is overwritten.
  void score(const Activations& hidden, std::size_t begin, std::size_t end, float* scores, std::size_t stride);

 private:
  void share_rows(const Activations& hidden, std::size_t begin, std::size_t end, float* scores, std::size_t stride);

  const ParameterRows* rows_ = nullptr;
  std::size_t first_ = 0, count_ = 0;
  bool packed_ = false;
  ColumnPanels panels_;
  std::vector<float> bias_;  ///< of the packed rows
  Array<float> wide_;
};

}  // namespace glissade
