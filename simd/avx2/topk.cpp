#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {

// See avx512/topk.cpp: after the first k numbers the scan is compares, and only hits reach the heap.
std::size_t topk_f32(const float* z, std::size_t n, std::size_t k, std::uint32_t* index, float* value) noexcept {
  if (k == 0) return 0;
  if (scalar::topk_sorts(n, k)) return scalar::topk_sorted(z, n, k, index, value);
  std::size_t size = 0, i = 0;
  for (; i < n && size < k; ++i) {
    const bool is_nan = z[i] != z[i];
    if (!is_nan) size = scalar::topk_offer(index, value, size, k, static_cast<std::uint32_t>(i), z[i]);
  }
  for (; i + 32 <= n; i += 32) {
    const __m256 worst = _mm256_set1_ps(value[0]);
    std::uint32_t hits = 0;
    for (unsigned j = 0; j < 4; ++j) {
      const __m256 above = _mm256_cmp_ps(_mm256_loadu_ps(z + i + 8 * j), worst, _CMP_GT_OQ);
      hits |= static_cast<std::uint32_t>(_mm256_movemask_ps(above)) << 8 * j;
    }
    for (; hits != 0; hits &= hits - 1) {
      const std::size_t at = i + _tzcnt_u32(hits);
      scalar::topk_offer(index, value, k, k, static_cast<std::uint32_t>(at), z[at]);
    }
  }
  for (; i < n; ++i) {
    if (z[i] > value[0]) scalar::topk_offer(index, value, k, k, static_cast<std::uint32_t>(i), z[i]);
  }
  scalar::topk_finish(index, value, size);
  return size;
}

}  // namespace glissade::simd::avx2
