#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

// A tile of C: up to twelve rows by two panels, twenty-four accumulators.
constexpr std::size_t kRows = 12;

template <std::size_t Rows, std::size_t Panels>
struct Tile {
  __m512 sum[Rows][Panels];

  void load(const float* from, std::size_t stride) {
#pragma GCC unroll 12
    for (std::size_t r = 0; r < Rows; ++r) {
      for (std::size_t p = 0; p < Panels; ++p) sum[r][p] = _mm512_loadu_ps(from + r * stride + p * kPanelColumns);
    }
  }
  void store(float* c, std::size_t stride) const {
#pragma GCC unroll 12
    for (std::size_t r = 0; r < Rows; ++r) {
      for (std::size_t p = 0; p < Panels; ++p) _mm512_storeu_ps(c + r * stride + p * kPanelColumns, sum[r][p]);
    }
  }
  void add(std::size_t r, __m512 x, const __m512 (&b)[Panels]) {
    for (std::size_t p = 0; p < Panels; ++p) sum[r][p] = _mm512_fmadd_ps(x, b[p], sum[r][p]);
  }
};

template <std::size_t Rows, std::size_t Panels>
inline void products(Tile<Rows, Panels>& tile, const float* a, std::size_t a_stride, std::size_t k, const float* panel,
                     std::size_t panel_stride) {
  for (std::size_t d = 0; d < k; ++d) {
    __m512 b[Panels];
    for (std::size_t p = 0; p < Panels; ++p) b[p] = _mm512_loadu_ps(panel + p * panel_stride + d * kPanelColumns);
#pragma GCC unroll 12
    for (std::size_t r = 0; r < Rows; ++r) tile.add(r, _mm512_set1_ps(a[r * a_stride + d]), b);
  }
}

template <std::size_t Rows, std::size_t Panels>
inline void tile_of(const float* a, std::size_t a_stride, std::size_t k, const float* panel, std::size_t panel_stride,
                    const float* start, float* c, std::size_t c_stride) {
  Tile<Rows, Panels> tile;
  tile.load(start != nullptr ? start : c, start != nullptr ? 0 : c_stride);
  products(tile, a, a_stride, k, panel, panel_stride);
  tile.store(c, c_stride);
}

template <std::size_t Panels>
inline void by_panels(const float* a, std::size_t a_stride, std::size_t m, std::size_t k, const float* panel,
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

void block_f32(const float* a, std::size_t a_stride, std::size_t m, std::size_t k, const float* panels, std::size_t panel_stride,
               std::size_t panel_count, const float* start, float* c, std::size_t c_stride) noexcept {
  const auto start_of = [start](std::size_t p) { return start != nullptr ? start + p * kPanelColumns : nullptr; };
  std::size_t p = 0;
  for (; p + 2 <= panel_count; p += 2) {
    by_panels<2>(a, a_stride, m, k, panels + p * panel_stride, panel_stride, start_of(p), c + p * kPanelColumns, c_stride);
  }
  if (p < panel_count) {
    by_panels<1>(a, a_stride, m, k, panels + p * panel_stride, panel_stride, start_of(p), c + p * kPanelColumns, c_stride);
  }
}

}  // namespace glissade::simd::avx512
