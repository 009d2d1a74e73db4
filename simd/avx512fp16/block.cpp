#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512fp16 {
namespace {

// A tile of C: fourteen rows by two panels, twenty-eight accumulators of 16 x 2 half-precision numbers. A word of 32 bits holds
// two neighbouring k of a column, as in the panels, and so does the word of A that meets it: broadcasting single halves from
// memory costs a shuffle each, broadcasting words costs nothing.
constexpr std::size_t kRows = 14;

inline __m512h broadcast_pair(const std::uint16_t* x) {
  std::int32_t pair;
  __builtin_memcpy(&pair, x, sizeof pair);
  return _mm512_castsi512_ph(_mm512_set1_epi32(pair));
}

/// The columns of two panels side by side: of each accumulator the sums of even and odd k together.
inline __m512i both_sums(__m512h first, __m512h second) {
  constexpr __mmask32 kOdd = 0xaaaaaaaa;
  const __m512i f = _mm512_castph_si512(first), s = _mm512_castph_si512(second);
  // Words of {first even, second odd} and {first odd, second even}; the latter turned, so that panels meet.
  const __m512i straight = _mm512_mask_blend_epi16(kOdd, f, s);
  const __m512i crossed = _mm512_rol_epi32(_mm512_mask_blend_epi16(kOdd, s, f), 16);
  const __m512h sums = _mm512_add_ph(_mm512_castsi512_ph(straight), _mm512_castsi512_ph(crossed));
  const __m512i first_then_second = _mm512_set_epi16(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1, 30, 28, 26, 24,
                                                     22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  return _mm512_permutexvar_epi16(first_then_second, _mm512_castph_si512(sums));
}

inline __m512 widen(__m256i halves) { return _mm512_cvtxph_ps(_mm256_castsi256_ph(halves)); }

inline void add_scaled(__m256i halves, __m512 factor, const float* from, float* c) {
  _mm512_storeu_ps(c, _mm512_fmadd_ps(widen(halves), factor, _mm512_loadu_ps(from)));
}

/// Up to kHalfDepth steps of k for Rows x Panels of C.
template <std::size_t Rows, std::size_t Panels>
inline void stretch(const std::uint16_t* a, std::size_t a_stride, std::size_t k, const std::uint16_t* panel,
                    std::size_t panel_stride, float factor, const float* from, std::size_t from_stride, float* c,
                    std::size_t c_stride) {
  __m512h sum[Rows][Panels];
#pragma GCC unroll 14
  for (std::size_t r = 0; r < Rows; ++r) {
    for (std::size_t p = 0; p < Panels; ++p) sum[r][p] = _mm512_setzero_ph();
  }
  for (std::size_t d = 0; d < k; d += 2) {
    __m512h b[Panels];
    for (std::size_t p = 0; p < Panels; ++p) b[p] = _mm512_loadu_ph(panel + p * panel_stride + d * kPanelColumns);
#pragma GCC unroll 14
    for (std::size_t r = 0; r < Rows; ++r) {
      const __m512h x = broadcast_pair(a + r * a_stride + d);
      for (std::size_t p = 0; p < Panels; ++p) sum[r][p] = _mm512_fmadd_ph(x, b[p], sum[r][p]);
    }
  }
  const __m512 scale = _mm512_set1_ps(factor);
#pragma GCC unroll 14
  for (std::size_t r = 0; r < Rows; ++r) {
    const __m512i halves = both_sums(sum[r][0], sum[r][Panels - 1]);
    add_scaled(_mm512_castsi512_si256(halves), scale, from + r * from_stride, c + r * c_stride);
    if constexpr (Panels == 2) {
      add_scaled(_mm512_extracti64x4_epi64(halves, 1), scale, from + r * from_stride + kPanelColumns,
                 c + r * c_stride + kPanelColumns);
    }
  }
}

template <std::size_t Rows, std::size_t Panels>
inline void tile_of(const std::uint16_t* a, std::size_t a_stride, std::size_t k, const std::uint16_t* panel,
                    std::size_t panel_stride, float factor, const float* start, float* c, std::size_t c_stride) {
  const float* from = start != nullptr ? start : c;
  std::size_t from_stride = start != nullptr ? 0 : c_stride;
  for (std::size_t d = 0; d < k; d += kHalfDepth) {
    stretch<Rows, Panels>(a + d, a_stride, k - d < kHalfDepth ? k - d : kHalfDepth, panel + d * kPanelColumns, panel_stride,
                          factor, from, from_stride, c, c_stride);
    from = c;
    from_stride = c_stride;
  }
}

template <std::size_t Panels>
inline void by_panels(const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panel,
                      std::size_t panel_stride, float factor, const float* start, float* c, std::size_t c_stride) {
  constexpr std::size_t kFew = 4;
  std::size_t i = 0;
  for (; i + kRows <= m; i += kRows) {
    tile_of<kRows, Panels>(a + i * a_stride, a_stride, k, panel, panel_stride, factor, start, c + i * c_stride, c_stride);
  }
  for (; i + kFew <= m; i += kFew) {
    tile_of<kFew, Panels>(a + i * a_stride, a_stride, k, panel, panel_stride, factor, start, c + i * c_stride, c_stride);
  }
  for (; i < m; ++i) {
    tile_of<1, Panels>(a + i * a_stride, a_stride, k, panel, panel_stride, factor, start, c + i * c_stride, c_stride);
  }
}

}  // namespace

void block_f16(const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panels,
               std::size_t panel_stride, std::size_t panel_count, float factor, const float* start, float* c,
               std::size_t c_stride) noexcept {
  // Without a step of k there is no stretch that would write C.
  if (k == 0) return scalar::block_f16(a, a_stride, m, k, panels, panel_stride, panel_count, factor, start, c, c_stride);
  const auto start_of = [start](std::size_t p) { return start != nullptr ? start + p * kPanelColumns : nullptr; };
  std::size_t p = 0;
  for (; p + 2 <= panel_count; p += 2) {
    by_panels<2>(a, a_stride, m, k, panels + p * panel_stride, panel_stride, factor, start_of(p), c + p * kPanelColumns,
                 c_stride);
  }
  if (p < panel_count) {
    by_panels<1>(a, a_stride, m, k, panels + p * panel_stride, panel_stride, factor, start_of(p), c + p * kPanelColumns,
                 c_stride);
  }
}

}  // namespace glissade::simd::avx512fp16
