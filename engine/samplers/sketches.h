#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/dense/row_panels.h"
#include "simd/kernel_list.h"

namespace glissade {

/// Vectors as the signs of kBits projections, and inner products estimated from the signs of one side and the projections of the
/// other. Projections are random and orthogonal to each other, in groups as large as the dimension allows, which errs less than
/// independent ones. Immutable; safe from many threads.
class Sketches {
 public:
  static constexpr std::size_t kBits = 8 * simd::kSketchBytes;

  Sketches(std::size_t dimension, Storage storage, std::uint64_t seed);

  /// out[i * kBits + j]: projection j of vector i of `count` vectors, `stride` elements apart (of dense::element_for(storage)).
  void project(const void* vectors, std::size_t stride, std::size_t count, float* out) const noexcept;
  /// The signs of kBits projections: bit j % 8 of byte j / 8.
  static void signs(const float* projections, std::uint8_t* code) noexcept;
  /// Lookup wants a vector's length times this.
  float length_scale() const noexcept { return length_scale_; }

  /// A query's side: for the signs s of a vector of scaled length v, v * (unit * sum + shift) estimates their inner product,
  /// `sum` being what simd::Kernels::sketch_sums adds up from `tables`.
  struct Lookup {
    std::uint8_t tables[2 * simd::kSketchBytes * 16];
    float unit, shift;
  };
  static void prepare(const float* projections, Lookup& lookup) noexcept;

 private:
  RowPanels panels_;
  std::vector<float> start_;
  float length_scale_;
};

}  // namespace glissade
