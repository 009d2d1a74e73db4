#pragma once

#include <cstddef>

#include "engine/dense/gemm.h"

namespace glissade::dense {

/// A matrix of `Element`s in somebody's memory, its rows or panels `stride` elements apart.
struct Strided {
  const void* data;
  std::size_t stride;
};

/// C = start + factor * A B, or C += factor * A B without a start; `factor` is 1 except for f16. A is m x k row-major, B is k x
/// 16 * panel_count in panels, C is floats. The depth goes in steps that keep a panel in the first-level cache; their size is
/// fixed, so results depend on the operands alone. k is a multiple of simd::kBlockDepth.
void multiply_panels(Element element, Strided a, std::size_t m, std::size_t k, Strided panels, std::size_t panel_count,
                     float factor, const float* start, float* c, std::size_t c_stride) noexcept;

/// Copies `rows` rows of 16 * panel_count floats, `stride` apart, into panels that are `panel_stride` apart, one row behind the
/// other from where `panels` points.
void pack_panels(const float* matrix, std::size_t stride, std::size_t rows, std::size_t panel_count, float* panels,
                 std::size_t panel_stride) noexcept;

}  // namespace glissade::dense
