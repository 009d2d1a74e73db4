#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

inline __mmask16 lanes_left(std::size_t n) {
  return static_cast<__mmask16>(_bzhi_u32(0xffffu, n < 16 ? static_cast<unsigned>(n) : 16u));
}

// The sums of the 16 lanes of a, b, c and d.
inline __m128 four_sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const __m512 abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

/// out[r * N + j] = a[r] . b[j] for M rows of a. Each load of a row of b serves all M.
template <std::size_t M, std::size_t N>
inline void dots(const float* const* a, const float* const* b, std::size_t width, float* out) {
  constexpr std::size_t kSums = (M * N + 3) / 4 * 4;
  __m512 sum[kSums];
  for (std::size_t s = 0; s < kSums; ++s) sum[s] = _mm512_setzero_ps();
  for (std::size_t d = 0; d < width; d += 16) {
    const __mmask16 lanes = lanes_left(width - d);
    __m512 x[M];
    for (std::size_t r = 0; r < M; ++r) x[r] = _mm512_maskz_loadu_ps(lanes, a[r] + d);
#pragma GCC unroll 8
    for (std::size_t j = 0; j < N; ++j) {
      const __m512 y = _mm512_maskz_loadu_ps(lanes, b[j] + d);
#pragma GCC unroll 3
      for (std::size_t r = 0; r < M; ++r) sum[r * N + j] = _mm512_fmadd_ps(x[r], y, sum[r * N + j]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t s = 0; s < kSums; s += 4) {
    const __m128 four = four_sums(sum[s], sum[s + 1], sum[s + 2], sum[s + 3]);
    const std::size_t left = M * N - s;
    if (left >= 4) {
      _mm_storeu_ps(out + s, four);
    } else {
      _mm_mask_storeu_ps(out + s, static_cast<__mmask8>(lanes_left(left)), four);
    }
  }
}

template <std::size_t N>
void all_dots(const float* const* a, std::size_t m, const float* const* b, std::size_t width, float* out) {
  std::size_t i = 0;
  for (; i + 3 <= m; i += 3) dots<3, N>(a + i, b, width, out + i * N);
  if (m - i == 2) dots<2, N>(a + i, b, width, out + i * N);
  if (m - i == 1) dots<1, N>(a + i, b, width, out + i * N);
}

template <std::size_t N>
void update(float* const* a, std::size_t m, float* const* b, std::size_t width, const float* g) {
  for (std::size_t d = 0; d < width; d += 16) {
    const __mmask16 lanes = lanes_left(width - d);
    __m512 before[N], after[N];
#pragma GCC unroll 8
    for (std::size_t j = 0; j < N; ++j) before[j] = after[j] = _mm512_maskz_loadu_ps(lanes, b[j] + d);
    for (std::size_t i = 0; i < m; ++i) {
      const __m512 x = _mm512_maskz_loadu_ps(lanes, a[i] + d);
      __m512 even = x, odd = _mm512_setzero_ps();
#pragma GCC unroll 8
      for (std::size_t j = 0; j < N; ++j) {
        const __m512 pull = _mm512_set1_ps(g[i * N + j]);
        if (j % 2 == 0) {
          even = _mm512_fmadd_ps(pull, before[j], even);
        } else {
          odd = _mm512_fmadd_ps(pull, before[j], odd);
        }
        after[j] = _mm512_fmadd_ps(pull, x, after[j]);
      }
      _mm512_mask_storeu_ps(a[i] + d, lanes, _mm512_add_ps(even, odd));
    }
#pragma GCC unroll 8
    for (std::size_t j = 0; j < N; ++j) _mm512_mask_storeu_ps(b[j] + d, lanes, after[j]);
  }
}

}  // namespace

void pair_dots_f32(const float* const* a, std::size_t m, const float* const* b, std::size_t n, std::size_t width,
                   float* out) noexcept {
  switch (n) {
    case 1: return all_dots<1>(a, m, b, width, out);
    case 2: return all_dots<2>(a, m, b, width, out);
    case 3: return all_dots<3>(a, m, b, width, out);
    case 4: return all_dots<4>(a, m, b, width, out);
    case 5: return all_dots<5>(a, m, b, width, out);
    case 6: return all_dots<6>(a, m, b, width, out);
    case 7: return all_dots<7>(a, m, b, width, out);
    case 8: return all_dots<8>(a, m, b, width, out);
    default: return;
  }
}

void pair_update_f32(float* const* a, std::size_t m, float* const* b, std::size_t n, std::size_t width, const float* g) noexcept {
  switch (n) {
    case 1: return update<1>(a, m, b, width, g);
    case 2: return update<2>(a, m, b, width, g);
    case 3: return update<3>(a, m, b, width, g);
    case 4: return update<4>(a, m, b, width, g);
    case 5: return update<5>(a, m, b, width, g);
    case 6: return update<6>(a, m, b, width, g);
    case 7: return update<7>(a, m, b, width, g);
    case 8: return update<8>(a, m, b, width, g);
    default: return;
  }
}

}  // namespace glissade::simd::avx512
