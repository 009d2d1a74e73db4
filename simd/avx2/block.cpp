#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// A tile of C: up to six rows by one panel, twelve accumulators.
constexpr std::size_t kRows = 6;

template <std::size_t Rows>
struct Tile {
  __m256 left[Rows], right[Rows];

  void load(const float* from, std::size_t stride) {
#pragma GCC unroll 6
    for (std::size_t r = 0; r < Rows; ++r) {
      left[r] = _mm256_loadu_ps(from + r * stride);
      right[r] = _mm256_loadu_ps(from + r * stride + 8);
    }
  }
  void store(float* c, std::size_t stride) const {
#pragma GCC unroll 6
    for (std::size_t r = 0; r < Rows; ++r) {
      _mm256_storeu_ps(c + r * stride, left[r]);
      _mm256_storeu_ps(c + r * stride + 8, right[r]);
    }
  }
  void add(std::size_t r, __m256 x, __m256 b_left, __m256 b_right) {
    left[r] = _mm256_fmadd_ps(x, b_left, left[r]);
    right[r] = _mm256_fmadd_ps(x, b_right, right[r]);
  }
};

template <std::size_t Rows>
inline void products(Tile<Rows>& tile, const float* a, std::size_t a_stride, std::size_t k, const float* panel) {
  constexpr std::size_t kLine = 16;  // floats in a cache line
  for (std::size_t line = 0; line < k; line += kLine) {
    // The rows of the next tile: short stretches far apart, which the hardware does not foresee.
#pragma GCC unroll 6
    for (std::size_t r = 0; r < Rows; ++r)
      _mm_prefetch(reinterpret_cast<const char*>(a + (Rows + r) * a_stride + line), _MM_HINT_T0);
#pragma GCC unroll 2
    for (std::size_t d = line; d < line + kLine; ++d) {
      const __m256 b_left = _mm256_loadu_ps(panel + d * kPanelColumns), b_right = _mm256_loadu_ps(panel + d * kPanelColumns + 8);
#pragma GCC unroll 6
      for (std::size_t r = 0; r < Rows; ++r) tile.add(r, _mm256_broadcast_ss(a + r * a_stride + d), b_left, b_right);
    }
  }
}

template <std::size_t Rows>
inline void rows_by_panel(const float* a, std::size_t a_stride, std::size_t k, const float* panel, const float* start, float* c,
                          std::size_t c_stride) {
  Tile<Rows> tile;
  tile.load(start != nullptr ? start : c, start != nullptr ? 0 : c_stride);
  products(tile, a, a_stride, k, panel);
  tile.store(c, c_stride);
}

}  // namespace

void block_f32(const float* a, std::size_t a_stride, std::size_t m, std::size_t k, const float* panels, std::size_t panel_stride,
               std::size_t panel_count, const float* start, float* c, std::size_t c_stride) noexcept {
  for (std::size_t p = 0; p < panel_count; ++p) {
    const float* panel = panels + p * panel_stride;
    const float* first = start != nullptr ? start + p * kPanelColumns : nullptr;
    float* out = c + p * kPanelColumns;
    std::size_t i = 0;
    for (; i + kRows <= m; i += kRows) {
      rows_by_panel<kRows>(a + i * a_stride, a_stride, k, panel, first, out + i * c_stride, c_stride);
    }
    const float* rest = a + i * a_stride;
    float* out_rest = out + i * c_stride;
    switch (m - i) {
      case 5: rows_by_panel<5>(rest, a_stride, k, panel, first, out_rest, c_stride); break;
      case 4: rows_by_panel<4>(rest, a_stride, k, panel, first, out_rest, c_stride); break;
      case 3: rows_by_panel<3>(rest, a_stride, k, panel, first, out_rest, c_stride); break;
      case 2: rows_by_panel<2>(rest, a_stride, k, panel, first, out_rest, c_stride); break;
      case 1: rows_by_panel<1>(rest, a_stride, k, panel, first, out_rest, c_stride); break;
      default: break;
    }
  }
}

}  // namespace glissade::simd::avx2
