#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

// A strip is 16 samples, one vector. Twelve rows by two strips are 24 accumulators; each row of x is read where it lies, as its
// address costs as much as that of a packed one would.
constexpr std::size_t kRows = 12, kFew = 8;
constexpr std::size_t kStrip = 16;

/// So many vectors of samples at once for a row alone, which has no other row to share x with.
constexpr std::size_t kWide = 4;

/// Calls tile<N>(i) for stretches i .. i + N - 1 of 0 .. n - 1. Sixteen are two of eight: twelve and four would leave half of
/// the second one's sums waiting.
template <class Tile>
inline void in_tiles(std::size_t n, const Tile& tile) {
  std::size_t i = 0;
  for (; n - i >= kRows && n - i != 2 * kFew; i += kRows) tile.template operator()<kRows>(i);
  for (; n - i >= kFew; i += kFew) tile.template operator()<kFew>(i);
  for (; n - i >= 4; i += 4) tile.template operator()<4>(i);
  for (; i < n; ++i) tile.template operator()<1>(i);
}

struct Rows {
  const float* x;
  std::size_t stride;
  const std::uint16_t* ids;

  const float* at(std::size_t d) const { return x + ids[d] * stride; }
};

/// The first strips of every row of a pattern: rows lie anywhere, and are too short for the hardware to foresee.
inline void ask_for(const float* x, std::size_t stride, const std::uint16_t* ids, std::size_t count) {
  for (std::size_t d = 0; d < count; ++d) {
    _mm_prefetch(reinterpret_cast<const char*>(x + ids[d] * stride), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(x + ids[d] * stride + kStrip), _MM_HINT_T0);
  }
}

template <std::size_t N, std::size_t Strips>
inline void logits_tile(const float* w, std::size_t w_stride, const Rows& x, std::size_t count, const float* start, float* out,
                        std::size_t out_stride) {
  __m512 sum[N][Strips];
#pragma GCC unroll 12
  for (std::size_t r = 0; r < N; ++r) {
    for (std::size_t p = 0; p < Strips; ++p) sum[r][p] = _mm512_set1_ps(start[r]);
  }
  for (std::size_t d = 0; d < count; ++d) {
    const float* const row = x.at(d);
    __m512 value[Strips];
    for (std::size_t p = 0; p < Strips; ++p) {
      value[p] = _mm512_loadu_ps(row + p * kStrip);
      if (N >= kFew) _mm_prefetch(reinterpret_cast<const char*>(row + (Strips + p) * kStrip), _MM_HINT_T0);
    }
#pragma GCC unroll 12
    for (std::size_t r = 0; r < N; ++r) {
      const __m512 weight = _mm512_set1_ps(w[r * w_stride + d]);
      for (std::size_t p = 0; p < Strips; ++p) sum[r][p] = _mm512_fmadd_ps(weight, value[p], sum[r][p]);
    }
  }
#pragma GCC unroll 12
  for (std::size_t r = 0; r < N; ++r) {
    for (std::size_t p = 0; p < Strips; ++p) _mm512_storeu_ps(out + r * out_stride + p * kStrip, sum[r][p]);
  }
}

template <std::size_t Strips>
inline void logits_of_one(const float* w, const Rows& x, std::size_t count, float start, float* out) {
  __m512 even[Strips], odd[Strips];
  for (std::size_t v = 0; v < Strips; ++v) {
    even[v] = _mm512_set1_ps(start);
    odd[v] = _mm512_setzero_ps();
  }
  std::size_t d = 0;
  for (; d + 2 <= count; d += 2) {
    const float *const first = x.at(d), *const second = x.at(d + 1);
    const __m512 w0 = _mm512_set1_ps(w[d]), w1 = _mm512_set1_ps(w[d + 1]);
    for (std::size_t v = 0; v < Strips; ++v) {
      even[v] = _mm512_fmadd_ps(w0, _mm512_loadu_ps(first + v * kStrip), even[v]);
      odd[v] = _mm512_fmadd_ps(w1, _mm512_loadu_ps(second + v * kStrip), odd[v]);
    }
  }
  for (; d < count; ++d) {
    const __m512 w0 = _mm512_set1_ps(w[d]);
    for (std::size_t v = 0; v < Strips; ++v) even[v] = _mm512_fmadd_ps(w0, _mm512_loadu_ps(x.at(d) + v * kStrip), even[v]);
  }
  for (std::size_t v = 0; v < Strips; ++v) _mm512_storeu_ps(out + v * kStrip, _mm512_add_ps(even[v], odd[v]));
}

template <std::size_t N, std::size_t Strips>
inline void inputs_tile(const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, const float* g,
                        std::size_t g_stride, float* dx, std::size_t x_stride) {
  __m512 sum[N][Strips];
#pragma GCC unroll 12
  for (std::size_t d = 0; d < N; ++d) {
    for (std::size_t p = 0; p < Strips; ++p) {
      const float* const from = dx + ids[d] * x_stride + p * kStrip;
      sum[d][p] = _mm512_loadu_ps(from);
      _mm_prefetch(reinterpret_cast<const char*>(from + Strips * kStrip), _MM_HINT_T0);
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    __m512 gradient[Strips];
    for (std::size_t p = 0; p < Strips; ++p) gradient[p] = _mm512_loadu_ps(g + r * g_stride + p * kStrip);
#pragma GCC unroll 12
    for (std::size_t d = 0; d < N; ++d) {
      const __m512 weight = _mm512_set1_ps(w[r * w_stride + d]);
      for (std::size_t p = 0; p < Strips; ++p) sum[d][p] = _mm512_fmadd_ps(weight, gradient[p], sum[d][p]);
    }
  }
#pragma GCC unroll 12
  for (std::size_t d = 0; d < N; ++d) {
    for (std::size_t p = 0; p < Strips; ++p) _mm512_storeu_ps(dx + ids[d] * x_stride + p * kStrip, sum[d][p]);
  }
}

template <std::size_t Strips>
inline void inputs_of_one(const float* w, const std::uint16_t* ids, std::size_t count, const float* g, float* dx,
                          std::size_t x_stride) {
  __m512 gradient[Strips];
  for (std::size_t p = 0; p < Strips; ++p) gradient[p] = _mm512_loadu_ps(g + p * kStrip);
  for (std::size_t d = 0; d < count; ++d) {
    float* const to = dx + ids[d] * x_stride;
    const __m512 weight = _mm512_set1_ps(w[d]);
    for (std::size_t p = 0; p < Strips; ++p)
      _mm512_storeu_ps(to + p * kStrip, _mm512_fmadd_ps(weight, gradient[p], _mm512_loadu_ps(to + p * kStrip)));
  }
}

// Sums over samples: rows of x are broadcast sample by sample against the gradients of 32 rows, which lie side by side. What
// comes out is [count][32] and is turned at the end.
constexpr std::size_t kLabels = 32, kSamples = 128, kColumns = 64;

template <std::size_t N, std::size_t Strips>
inline void weights_tile(const float* turned, const Rows& x, std::size_t samples, float* out) {
  const float* row[N];
  __m512 sum[N][Strips];
#pragma GCC unroll 16
  for (std::size_t d = 0; d < N; ++d) {
    row[d] = x.at(d);
    for (std::size_t p = 0; p < Strips; ++p) sum[d][p] = _mm512_setzero_ps();
  }
  for (std::size_t s = 0; s < samples; ++s) {
    __m512 gradient[Strips];
    for (std::size_t p = 0; p < Strips; ++p) gradient[p] = _mm512_loadu_ps(turned + s * kLabels + p * kStrip);
#pragma GCC unroll 16
    for (std::size_t d = 0; d < N; ++d) {
      const __m512 value = _mm512_set1_ps(row[d][s]);
      for (std::size_t p = 0; p < Strips; ++p) sum[d][p] = _mm512_fmadd_ps(value, gradient[p], sum[d][p]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t d = 0; d < N; ++d) {
    for (std::size_t p = 0; p < Strips; ++p) _mm512_storeu_ps(out + d * kLabels + p * kStrip, sum[d][p]);
  }
}

inline void weights_of_one(const float* g, const Rows& x, std::size_t count, std::size_t samples, float* dw) {
  constexpr std::size_t kGroup = 4;
  for (std::size_t d = 0; d < count; d += kGroup) {
    const std::size_t left = count - d < kGroup ? count - d : kGroup;
    const float* row[kGroup];
    for (std::size_t j = 0; j < kGroup; ++j) row[j] = x.at(d + (j < left ? j : 0));
    __m512 sum[kGroup];
    for (__m512& v : sum) v = _mm512_setzero_ps();
    for (std::size_t s = 0; s < samples; s += kStrip) {
      const __m512 gradient = _mm512_loadu_ps(g + s);
      for (std::size_t j = 0; j < kGroup; ++j) sum[j] = _mm512_fmadd_ps(gradient, _mm512_loadu_ps(row[j] + s), sum[j]);
    }
    // The sums of the 16 lanes of the four.
    const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(sum[0], sum[1]), _mm512_unpackhi_ps(sum[0], sum[1]));
    const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(sum[2], sum[3]), _mm512_unpackhi_ps(sum[2], sum[3]));
    const __m512 abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    _mm_mask_storeu_ps(dw + d, static_cast<__mmask8>(_bzhi_u32(0xfu, static_cast<unsigned>(left))), four);
  }
}

}  // namespace

void pattern_logits_f32(const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                        const float* x, std::size_t x_stride, std::size_t samples, const float* start, float* out,
                        std::size_t out_stride) noexcept {
  std::size_t s = 0;
  if (rows == 1) {
    for (; s + kWide * kStrip <= samples; s += kWide * kStrip)
      logits_of_one<kWide>(w, {x + s, x_stride, ids}, count, *start, out + s);
    for (; s < samples; s += kStrip) logits_of_one<1>(w, {x + s, x_stride, ids}, count, *start, out + s);
    return;
  }
  ask_for(x, x_stride, ids, count);
  for (; s + 2 * kStrip <= samples; s += 2 * kStrip) {
    in_tiles(rows, [&]<std::size_t N>(std::size_t r) {
      logits_tile<N, 2>(w + r * w_stride, w_stride, {x + s, x_stride, ids}, count, start + r, out + r * out_stride + s,
                        out_stride);
    });
  }
  for (; s < samples; s += kStrip) {
    in_tiles(rows, [&]<std::size_t N>(std::size_t r) {
      logits_tile<N, 1>(w + r * w_stride, w_stride, {x + s, x_stride, ids}, count, start + r, out + r * out_stride + s,
                        out_stride);
    });
  }
}

void pattern_inputs_f32(const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                        const float* g, std::size_t g_stride, std::size_t samples, float* dx, std::size_t x_stride) noexcept {
  std::size_t s = 0;
  if (rows == 1) {
    for (; s + kWide * kStrip <= samples; s += kWide * kStrip) inputs_of_one<kWide>(w, ids, count, g + s, dx + s, x_stride);
    for (; s < samples; s += kStrip) inputs_of_one<1>(w, ids, count, g + s, dx + s, x_stride);
    return;
  }
  ask_for(dx, x_stride, ids, count);
  for (; s + 2 * kStrip <= samples; s += 2 * kStrip) {
    in_tiles(count, [&]<std::size_t N>(std::size_t d) {
      inputs_tile<N, 2>(w + d, w_stride, rows, ids + d, g + s, g_stride, dx + s, x_stride);
    });
  }
  for (; s < samples; s += kStrip) {
    in_tiles(count, [&]<std::size_t N>(std::size_t d) {
      inputs_tile<N, 1>(w + d, w_stride, rows, ids + d, g + s, g_stride, dx + s, x_stride);
    });
  }
}

void pattern_weights_f32(const float* g, std::size_t g_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                         const float* x, std::size_t x_stride, std::size_t samples, float* dw, std::size_t dw_stride) noexcept {
  if (rows == 1) return weights_of_one(g, {x, x_stride, ids}, count, samples, dw);
  ask_for(x, x_stride, ids, count);
  alignas(64) float turned[kSamples * kLabels], sums[kColumns * kLabels], more[kLabels * kColumns];
  for (std::size_t r = 0; r < rows; r += kLabels) {
    const std::size_t labels = rows - r < kLabels ? rows - r : kLabels;
    const bool narrow = labels <= kStrip;
    for (std::size_t i = 0; labels % kStrip != 0 && i < kSamples * kLabels; ++i) turned[i] = 0;
    for (std::size_t s = 0; s == 0 || s < samples; s += kSamples) {
      const std::size_t some = samples - s < kSamples ? samples - s : kSamples;
      transpose_f32(g + r * g_stride + s, g_stride, labels, some, turned, kLabels);
      for (std::size_t first = 0; first < count; first += kColumns) {
        const std::size_t columns = count - first < kColumns ? count - first : kColumns;
        in_tiles(columns, [&]<std::size_t N>(std::size_t d) {
          const Rows tile{x + s, x_stride, ids + first + d};
          if (narrow) {
            weights_tile<N, 1>(turned, tile, some, sums + d * kLabels);
          } else {
            weights_tile<N, 2>(turned, tile, some, sums + d * kLabels);
          }
        });
        float* const to = dw + r * dw_stride + first;
        if (s == 0) {
          transpose_f32(sums, kLabels, columns, labels, to, dw_stride);
          continue;
        }
        transpose_f32(sums, kLabels, columns, labels, more, kColumns);
        for (std::size_t l = 0; l < labels; ++l) {
          for (std::size_t j = 0; j < columns; ++j) to[l * dw_stride + j] += more[l * kColumns + j];
        }
      }
    }
  }
}

void pattern_panels_bf16(const std::uint16_t* x, std::size_t x_stride, const std::uint16_t* ids, std::size_t count,
                         std::size_t samples, std::uint16_t* panels, std::size_t panel_stride) noexcept {
  const auto load = [](const std::uint16_t* p) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  };
  for (std::size_t d = 0; d < count; d += 2) {
    const std::uint16_t *const first = x + ids[d] * x_stride, *const second = x + ids[d + 1] * x_stride;
    for (std::size_t s = 0; s < samples; s += kStrip) {
      const __m512i pairs = _mm512_or_si512(load(first + s), _mm512_slli_epi32(load(second + s), 16));
      _mm512_storeu_si512(panels + s / kStrip * panel_stride + d * kPanelColumns, pairs);
    }
  }
}

}  // namespace glissade::simd::avx512
