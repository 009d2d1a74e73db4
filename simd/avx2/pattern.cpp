#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// A strip is 16 samples, two vectors. Six rows by a strip are twelve accumulators; each row of x is read where it lies, as its
// address costs as much as that of a packed one would.
constexpr std::size_t kRows = 6;
constexpr std::size_t kStrip = 16;

/// One sum, or a stretch of one row, over so many vectors of samples at once: a row alone has no other row to share x with.
constexpr std::size_t kWide = 8;

/// Calls tile<N>(i) for stretches i .. i + N - 1 of 0 .. n - 1.
template <class Tile>
inline void in_tiles(std::size_t n, const Tile& tile) {
  std::size_t i = 0;
  for (; i + kRows <= n; i += kRows) tile.template operator()<kRows>(i);
  switch (n - i) {
    case 5: return tile.template operator()<5>(i);
    case 4: return tile.template operator()<4>(i);
    case 3: return tile.template operator()<3>(i);
    case 2: return tile.template operator()<2>(i);
    case 1: return tile.template operator()<1>(i);
    default: return;
  }
}

struct Rows {
  const float* x;
  std::size_t stride;
  const std::uint16_t* ids;

  const float* at(std::size_t d) const { return x + ids[d] * stride; }
};

/// The first strip of every row of a pattern: rows lie anywhere, and are too short for the hardware to foresee.
inline void ask_for(const float* x, std::size_t stride, const std::uint16_t* ids, std::size_t count) {
  for (std::size_t d = 0; d < count; ++d) _mm_prefetch(reinterpret_cast<const char*>(x + ids[d] * stride), _MM_HINT_T0);
}

template <std::size_t N>
inline void logits_tile(const float* w, std::size_t w_stride, const Rows& x, std::size_t count, const float* start, float* out,
                        std::size_t out_stride) {
  __m256 left[N], right[N];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < N; ++r) left[r] = right[r] = _mm256_broadcast_ss(start + r);
#pragma GCC unroll 2
  for (std::size_t d = 0; d < count; ++d) {
    const float* const row = x.at(d);
    const __m256 x0 = _mm256_loadu_ps(row), x1 = _mm256_loadu_ps(row + 8);
    if (N == kRows) _mm_prefetch(reinterpret_cast<const char*>(row + kStrip), _MM_HINT_T0);
#pragma GCC unroll 6
    for (std::size_t r = 0; r < N; ++r) {
      const __m256 weight = _mm256_broadcast_ss(w + r * w_stride + d);
      left[r] = _mm256_fmadd_ps(weight, x0, left[r]);
      right[r] = _mm256_fmadd_ps(weight, x1, right[r]);
    }
  }
#pragma GCC unroll 6
  for (std::size_t r = 0; r < N; ++r) {
    _mm256_storeu_ps(out + r * out_stride, left[r]);
    _mm256_storeu_ps(out + r * out_stride + 8, right[r]);
  }
}

template <std::size_t Vectors>
inline void logits_of_one(const float* w, const Rows& x, std::size_t count, float start, float* out) {
  __m256 sum[Vectors];
  for (__m256& s : sum) s = _mm256_set1_ps(start);
  for (std::size_t d = 0; d < count; ++d) {
    const float* const row = x.at(d);
    const __m256 weight = _mm256_broadcast_ss(w + d);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < Vectors; ++v) sum[v] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(row + v * 8), sum[v]);
  }
  for (std::size_t v = 0; v < Vectors; ++v) _mm256_storeu_ps(out + v * 8, sum[v]);
}

template <std::size_t N>
inline void inputs_tile(const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, const float* g,
                        std::size_t g_stride, float* dx, std::size_t x_stride) {
  float* to[N];
  __m256 left[N], right[N];
#pragma GCC unroll 6
  for (std::size_t d = 0; d < N; ++d) {
    to[d] = dx + ids[d] * x_stride;
    left[d] = _mm256_loadu_ps(to[d]);
    right[d] = _mm256_loadu_ps(to[d] + 8);
    _mm_prefetch(reinterpret_cast<const char*>(to[d] + kStrip), _MM_HINT_T0);
  }
#pragma GCC unroll 2
  for (std::size_t r = 0; r < rows; ++r) {
    const __m256 g0 = _mm256_loadu_ps(g + r * g_stride), g1 = _mm256_loadu_ps(g + r * g_stride + 8);
#pragma GCC unroll 6
    for (std::size_t d = 0; d < N; ++d) {
      const __m256 weight = _mm256_broadcast_ss(w + r * w_stride + d);
      left[d] = _mm256_fmadd_ps(weight, g0, left[d]);
      right[d] = _mm256_fmadd_ps(weight, g1, right[d]);
    }
  }
#pragma GCC unroll 6
  for (std::size_t d = 0; d < N; ++d) {
    _mm256_storeu_ps(to[d], left[d]);
    _mm256_storeu_ps(to[d] + 8, right[d]);
  }
}

template <std::size_t Vectors>
inline void inputs_of_one(const float* w, const std::uint16_t* ids, std::size_t count, const float* g, float* dx,
                          std::size_t x_stride) {
  __m256 gradient[Vectors];
  for (std::size_t v = 0; v < Vectors; ++v) gradient[v] = _mm256_loadu_ps(g + v * 8);
  for (std::size_t d = 0; d < count; ++d) {
    float* const to = dx + ids[d] * x_stride;
    const __m256 weight = _mm256_broadcast_ss(w + d);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < Vectors; ++v)
      _mm256_storeu_ps(to + v * 8, _mm256_fmadd_ps(weight, gradient[v], _mm256_loadu_ps(to + v * 8)));
  }
}

// Sums over samples: rows of x are broadcast sample by sample against the gradients of 16 rows, which lie side by side. What
// comes out is [count][16] and is turned at the end.
constexpr std::size_t kLabels = 16, kSamples = 256, kColumns = 64;

template <std::size_t N>
inline void weights_tile(const float* turned, const Rows& x, std::size_t samples, float* out) {
  const float* row[N];
  __m256 left[N], right[N];
#pragma GCC unroll 6
  for (std::size_t d = 0; d < N; ++d) {
    row[d] = x.at(d);
    left[d] = right[d] = _mm256_setzero_ps();
  }
#pragma GCC unroll 2
  for (std::size_t s = 0; s < samples; ++s) {
    const __m256 g0 = _mm256_loadu_ps(turned + s * kLabels), g1 = _mm256_loadu_ps(turned + s * kLabels + 8);
#pragma GCC unroll 6
    for (std::size_t d = 0; d < N; ++d) {
      const __m256 value = _mm256_broadcast_ss(row[d] + s);
      left[d] = _mm256_fmadd_ps(value, g0, left[d]);
      right[d] = _mm256_fmadd_ps(value, g1, right[d]);
    }
  }
#pragma GCC unroll 6
  for (std::size_t d = 0; d < N; ++d) {
    _mm256_storeu_ps(out + d * kLabels, left[d]);
    _mm256_storeu_ps(out + d * kLabels + 8, right[d]);
  }
}

// The sums of the 8 lanes of eight vectors.
inline __m256 eight_sums(const __m256 (&v)[8]) {
  const __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
  const __m256 b = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
  return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

inline void weights_of_one(const float* g, const Rows& x, std::size_t count, std::size_t samples, float* dw) {
  for (std::size_t d = 0; d < count; d += 8) {
    const std::size_t left = count - d < 8 ? count - d : 8;
    const float* row[8];
    for (std::size_t j = 0; j < 8; ++j) row[j] = x.at(d + (j < left ? j : 0));
    __m256 sum[8];
    for (__m256& v : sum) v = _mm256_setzero_ps();
    for (std::size_t s = 0; s < samples; s += 8) {
      const __m256 gradient = _mm256_loadu_ps(g + s);
#pragma GCC unroll 8
      for (std::size_t j = 0; j < 8; ++j) sum[j] = _mm256_fmadd_ps(gradient, _mm256_loadu_ps(row[j] + s), sum[j]);
    }
    float sums[8];
    _mm256_storeu_ps(sums, eight_sums(sum));
    for (std::size_t j = 0; j < left; ++j) dw[d + j] = sums[j];
  }
}

}  // namespace

void pattern_logits_f32(const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                        const float* x, std::size_t x_stride, std::size_t samples, const float* start, float* out,
                        std::size_t out_stride) noexcept {
  if (rows == 1) {
    std::size_t s = 0;
    for (; s + kWide * 8 <= samples; s += kWide * 8) logits_of_one<kWide>(w, {x + s, x_stride, ids}, count, *start, out + s);
    for (; s < samples; s += kStrip) logits_of_one<2>(w, {x + s, x_stride, ids}, count, *start, out + s);
    return;
  }
  ask_for(x, x_stride, ids, count);
  for (std::size_t s = 0; s < samples; s += kStrip) {
    const Rows strip{x + s, x_stride, ids};
    in_tiles(rows, [&]<std::size_t N>(std::size_t r) {
      logits_tile<N>(w + r * w_stride, w_stride, strip, count, start + r, out + r * out_stride + s, out_stride);
    });
  }
}

void pattern_inputs_f32(const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                        const float* g, std::size_t g_stride, std::size_t samples, float* dx, std::size_t x_stride) noexcept {
  if (rows == 1) {
    std::size_t s = 0;
    for (; s + kWide * 8 <= samples; s += kWide * 8) inputs_of_one<kWide>(w, ids, count, g + s, dx + s, x_stride);
    for (; s < samples; s += kStrip) inputs_of_one<2>(w, ids, count, g + s, dx + s, x_stride);
    return;
  }
  ask_for(dx, x_stride, ids, count);
  for (std::size_t s = 0; s < samples; s += kStrip) {
    in_tiles(count, [&]<std::size_t N>(std::size_t d) {
      inputs_tile<N>(w + d, w_stride, rows, ids + d, g + s, g_stride, dx + s, x_stride);
    });
  }
}

void pattern_weights_f32(const float* g, std::size_t g_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                         const float* x, std::size_t x_stride, std::size_t samples, float* dw, std::size_t dw_stride) noexcept {
  if (rows == 1) return weights_of_one(g, {x, x_stride, ids}, count, samples, dw);
  ask_for(x, x_stride, ids, count);
  alignas(32) float turned[kSamples * kLabels], sums[kColumns * kLabels], more[kLabels * kColumns];
  for (std::size_t r = 0; r < rows; r += kLabels) {
    const std::size_t labels = rows - r < kLabels ? rows - r : kLabels;
    for (std::size_t i = 0; labels < kLabels && i < kSamples * kLabels; ++i) turned[i] = 0;
    for (std::size_t s = 0; s == 0 || s < samples; s += kSamples) {
      const std::size_t some = samples - s < kSamples ? samples - s : kSamples;
      transpose_f32(g + r * g_stride + s, g_stride, labels, some, turned, kLabels);
      for (std::size_t first = 0; first < count; first += kColumns) {
        const std::size_t columns = count - first < kColumns ? count - first : kColumns;
        in_tiles(columns, [&]<std::size_t N>(std::size_t d) {
          weights_tile<N>(turned, {x + s, x_stride, ids + first + d}, some, sums + d * kLabels);
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

}  // namespace glissade::simd::avx2
