#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512bf16 {
namespace {

// As in avx512/block.cpp, with the instruction that multiplies pairs of bf16.
constexpr std::size_t kRows = 12;

inline __m512bh load_pairs(const std::uint16_t* x) { return (__m512bh)_mm512_loadu_si512(x); }
inline __m512bh broadcast_pair(const std::uint16_t* x) {
  std::int32_t pair;
  __builtin_memcpy(&pair, x, sizeof pair);
  return (__m512bh)_mm512_set1_epi32(pair);
}

template <std::size_t Rows, std::size_t Panels>
inline void tile_of(const std::uint16_t* a, std::size_t a_stride, std::size_t k, const std::uint16_t* panel,
                    std::size_t panel_stride, const float* start, float* c, std::size_t c_stride) {
  __m512 sum[Rows][Panels];
  const float* from = start != nullptr ? start : c;
  const std::size_t from_stride = start != nullptr ? 0 : c_stride;
#pragma GCC unroll 12
  for (std::size_t r = 0; r < Rows; ++r) {
    for (std::size_t p = 0; p < Panels; ++p) sum[r][p] = _mm512_loadu_ps(from + r * from_stride + p * kPanelColumns);
  }
  for (std::size_t d = 0; d < k; d += 2) {
    __m512bh b[Panels];
    for (std::size_t p = 0; p < Panels; ++p) b[p] = load_pairs(panel + p * panel_stride + d * kPanelColumns);
#pragma GCC unroll 12
    for (std::size_t r = 0; r < Rows; ++r) {
      const __m512bh x = broadcast_pair(a + r * a_stride + d);
      for (std::size_t p = 0; p < Panels; ++p) sum[r][p] = _mm512_dpbf16_ps(sum[r][p], x, b[p]);
    }
  }
#pragma GCC unroll 12
  for (std::size_t r = 0; r < Rows; ++r) {
    for (std::size_t p = 0; p < Panels; ++p) _mm512_storeu_ps(c + r * c_stride + p * kPanelColumns, sum[r][p]);
  }
}

template <std::size_t Panels>
inline void by_panels(const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panel,
                      std::size_t panel_stride, const float* start, float* c, std::size_t c_stride) {
  constexpr std::size_t kFew = 4;
  std::size_t i = 0;
  for (; i + kRows <= m; i += kRows) {
    tile_of<kRows, Panels>(a + i * a_stride, a_stride, k, panel, panel_stride, start, c + i * c_stride, c_stride);
  }
  for (; i + kFew <= m; i += kFew) {
    tile_of<kFew, Panels>(a + i * a_stride, a_stride, k, panel, panel_stride, start, c + i * c_stride, c_stride);
  }
  for (; i < m; ++i) {
    tile_of<1, Panels>(a + i * a_stride, a_stride, k, panel, panel_stride, start, c + i * c_stride, c_stride);
  }
}

}  // namespace

void block_bf16(const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panels,
                std::size_t panel_stride, std::size_t panel_count, const float* start, float* c, std::size_t c_stride) noexcept {
  const auto start_of = [start](std::size_t p) { return start != nullptr ? start + p * kPanelColumns : nullptr; };
  std::size_t p = 0;
  for (; p + 2 <= panel_count; p += 2) {
    by_panels<2>(a, a_stride, m, k, panels + p * panel_stride, panel_stride, start_of(p), c + p * kPanelColumns, c_stride);
  }
  if (p < panel_count) {
    by_panels<1>(a, a_stride, m, k, panels + p * panel_stride, panel_stride, start_of(p), c + p * kPanelColumns, c_stride);
  }
}

}  // namespace glissade::simd::avx512bf16
