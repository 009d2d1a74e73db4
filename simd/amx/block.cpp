#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::amx {
namespace {

// Tiles 0 .. 3 hold 32 x 32 of C, 4 and 5 two times 16 rows of A (32 bf16 each), 6 and 7 two panels of B (16 pairs of k each).
constexpr std::size_t kTileRows = 16;
constexpr std::size_t kTileBytes = 64;  // of one row
constexpr std::size_t kTileDepth = kBlockDepth;

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Shapes for `upper` rows of A in tile 4 and `lower` ones in tile 5.
inline void configure(std::size_t upper, std::size_t lower) {
  TileConfig config;
  const std::size_t rows[8] = {upper, upper, lower, lower, upper, lower, kTileRows, kTileRows};
  for (std::size_t t = 0; t < 8; ++t) {
    if (rows[t] == 0) continue;
    config.rows[t] = static_cast<std::uint8_t>(rows[t]);
    config.row_bytes[t] = kTileBytes;
  }
  _tile_loadconfig(&config);
}

/// Rows of A and C, and one or two panels.
struct Operands {
  const std::uint16_t* a;
  std::size_t a_stride;
  std::size_t k;
  const std::uint16_t* panel;
  std::size_t panel_stride;
  const float* start;
  float* c;
  std::size_t c_stride;
};

// Rows 16 .. 31 take part if Lower, the second panel if Second. Tile numbers must be constants, hence the spelling out.
template <bool Lower, bool Second>
inline void multiply(const Operands& o) {
  const float* from = o.start != nullptr ? o.start : o.c;
  const std::size_t from_bytes = o.start != nullptr ? 0 : o.c_stride * sizeof(float);
  const std::size_t from_lower = o.start != nullptr ? 0 : kTileRows * o.c_stride;
  _tile_loadd(0, from, from_bytes);
  if constexpr (Second) _tile_loadd(1, from + kPanelColumns, from_bytes);
  if constexpr (Lower) _tile_loadd(2, from + from_lower, from_bytes);
  if constexpr (Lower && Second) _tile_loadd(3, from + from_lower + kPanelColumns, from_bytes);
  const std::size_t a_bytes = o.a_stride * sizeof(std::uint16_t);
  for (std::size_t d = 0; d < o.k; d += kTileDepth) {
    _tile_loadd(6, o.panel + d * kPanelColumns, kTileBytes);
    if constexpr (Second) _tile_loadd(7, o.panel + o.panel_stride + d * kPanelColumns, kTileBytes);
    _tile_loadd(4, o.a + d, a_bytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (Second) _tile_dpbf16ps(1, 4, 7);
    if constexpr (Lower) {
      _tile_loadd(5, o.a + kTileRows * o.a_stride + d, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
      if constexpr (Second) _tile_dpbf16ps(3, 5, 7);
    }
  }
  const std::size_t c_bytes = o.c_stride * sizeof(float);
  _tile_stored(0, o.c, c_bytes);
  if constexpr (Second) _tile_stored(1, o.c + kPanelColumns, c_bytes);
  if constexpr (Lower) _tile_stored(2, o.c + kTileRows * o.c_stride, c_bytes);
  if constexpr (Lower && Second) _tile_stored(3, o.c + kTileRows * o.c_stride + kPanelColumns, c_bytes);
}

// Groups of rows, one below the other, against all panels. A pair of panels stays in the first-level cache while the rows pass.
template <bool Lower>
inline void by_panels(Operands o, std::size_t groups, std::size_t panel_count) {
  constexpr std::size_t kRows = Lower ? 2 * kTileRows : kTileRows;
  for (std::size_t p = 0; p < panel_count; p += 2) {
    Operands group = o;
    for (std::size_t g = 0; g < groups; ++g) {
      if (p + 1 < panel_count) {
        multiply<Lower, true>(group);
      } else {
        multiply<Lower, false>(group);
      }
      group.a += kRows * o.a_stride;
      group.c += kRows * o.c_stride;
    }
    o.panel += 2 * o.panel_stride;
    o.c += 2 * kPanelColumns;
    if (o.start != nullptr) o.start += 2 * kPanelColumns;
  }
}

}  // namespace

void block_bf16(const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panels,
                std::size_t panel_stride, std::size_t panel_count, const float* start, float* c, std::size_t c_stride) noexcept {
  constexpr std::size_t kRows = 2 * kTileRows;
  const std::size_t groups = m / kRows, rest = m % kRows;
  Operands operands{a, a_stride, k, panels, panel_stride, start, c, c_stride};
  if (groups != 0) {
    configure(kTileRows, kTileRows);
    by_panels<true>(operands, groups, panel_count);
  }
  operands.a += groups * kRows * a_stride;
  operands.c += groups * kRows * c_stride;
  if (rest > kTileRows) {
    configure(kTileRows, rest - kTileRows);
    by_panels<true>(operands, 1, panel_count);
  } else if (rest != 0) {
    configure(rest, 0);
    by_panels<false>(operands, 1, panel_count);
  }
  _tile_release();
}

}  // namespace glissade::simd::amx
