#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/parameters/array.h"
#include "engine/sparse/blend.h"

namespace glissade {

/// What the blend cannot say with one weight per term: a small network over all terms, of which the blend is the start.
///
///   score = w . x + v . f(U x + b),   x = (terms - mean) / deviation,   f(u) = u / (1 + |u|)
///
/// Trained on the examples that the blend is fitted to, each label of a sample against the candidates that are no labels of it.
class Ranker {
 public:
  static constexpr std::size_t kUnits = 16;
  /// Floats in `weights`: mean, 1 / deviation and w of each term, U by term, then b and v.
  static constexpr std::size_t kSize = kTerms * 3 + (kTerms + 2) * kUnits;

  Array<float> weights;  ///< [kSize]; empty before the first fit

  /// `blend` was fitted to the same examples. Sums are taken in a fixed order: the result does not depend on the threads.
  static Ranker fit(const BlendExamples& examples, const Blend& blend, std::uint64_t seed);

  bool empty() const noexcept { return weights.empty(); }
  /// scores[c] of each candidate's terms.
  void score(std::span<const Terms> terms, float* scores) const noexcept;
};

}  // namespace glissade
