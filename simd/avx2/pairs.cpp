#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// Read at 8 - n, the mask of the first n of 8 lanes.
constexpr std::int32_t kLaneMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

inline __m256i lanes_left(std::size_t n) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMasks + 8 - (n < 8 ? n : 8)));
}

inline float sum_of(__m256 v) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

/// One row against N: as many sums as there are registers to spare.
template <std::size_t N>
inline void dots(const float* a, const float* const* b, std::size_t width, float* out) {
  __m256 sum[N];
#pragma GCC unroll 8
  for (std::size_t j = 0; j < N; ++j) sum[j] = _mm256_setzero_ps();
  std::size_t d = 0;
  for (; d + 8 <= width; d += 8) {
    const __m256 x = _mm256_loadu_ps(a + d);
#pragma GCC unroll 8
    for (std::size_t j = 0; j < N; ++j) sum[j] = _mm256_fmadd_ps(x, _mm256_loadu_ps(b[j] + d), sum[j]);
  }
  if (d < width) {
    const __m256i lanes = lanes_left(width - d);
    const __m256 x = _mm256_maskload_ps(a + d, lanes);
#pragma GCC unroll 8
    for (std::size_t j = 0; j < N; ++j) sum[j] = _mm256_fmadd_ps(x, _mm256_maskload_ps(b[j] + d, lanes), sum[j]);
  }
#pragma GCC unroll 8
  for (std::size_t j = 0; j < N; ++j) out[j] = sum_of(sum[j]);
}

template <std::size_t N>
void all_dots(const float* const* a, std::size_t m, const float* const* b, std::size_t width, float* out) {
  for (std::size_t i = 0; i < m; ++i) dots<N>(a[i], b, width, out + i * N);
}

/// Eight numbers of a row: whole, or the first few.
struct Whole {
  __m256 load(const float* p) const { return _mm256_loadu_ps(p); }
  void store(float* p, __m256 v) const { _mm256_storeu_ps(p, v); }
};
struct Some {
  __m256i lanes;
  __m256 load(const float* p) const { return _mm256_maskload_ps(p, lanes); }
  void store(float* p, __m256 v) const { _mm256_maskstore_ps(p, lanes, v); }
};

/// The rows of b as they were stay in memory until the new ones are whole: registers do not hold both.
template <std::size_t N, class Part>
inline void update_at(float* const* a, std::size_t m, float* const* b, std::size_t d, const float* g, const Part& part) {
  __m256 after[N];
#pragma GCC unroll 8
  for (std::size_t j = 0; j < N; ++j) after[j] = part.load(b[j] + d);
  for (std::size_t i = 0; i < m; ++i) {
    const __m256 x = part.load(a[i] + d);
    __m256 sum = x;
#pragma GCC unroll 8
    for (std::size_t j = 0; j < N; ++j) {
      const __m256 pull = _mm256_set1_ps(g[i * N + j]);
      sum = _mm256_fmadd_ps(pull, part.load(b[j] + d), sum);
      after[j] = _mm256_fmadd_ps(pull, x, after[j]);
    }
    part.store(a[i] + d, sum);
  }
#pragma GCC unroll 8
  for (std::size_t j = 0; j < N; ++j) part.store(b[j] + d, after[j]);
}

template <std::size_t N>
void update(float* const* a, std::size_t m, float* const* b, std::size_t width, const float* g) {
  std::size_t d = 0;
  for (; d + 8 <= width; d += 8) update_at<N>(a, m, b, d, g, Whole{});
  if (d < width) update_at<N>(a, m, b, d, g, Some{lanes_left(width - d)});
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

}  // namespace glissade::simd::avx2
