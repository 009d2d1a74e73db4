#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {

// After the first k numbers, a value matters only if it is above the worst kept one (an equal one loses by its index), and
// that is rare: the scan is compares, and only hits reach the heap.
std::size_t topk_f32(const float* z, std::size_t n, std::size_t k, std::uint32_t* index, float* value) noexcept {
  if (k == 0) return 0;
  if (scalar::topk_sorts(n, k)) return scalar::topk_sorted(z, n, k, index, value);
  std::size_t size = 0, i = 0;
  for (; i < n && size < k; ++i) {
    const bool is_nan = z[i] != z[i];
    if (!is_nan) size = scalar::topk_offer(index, value, size, k, static_cast<std::uint32_t>(i), z[i]);
  }
  for (; i < n; i += 64) {
    const std::size_t left = n - i < 64 ? n - i : 64;
    const std::uint64_t valid = _bzhi_u64(~std::uint64_t{0}, static_cast<unsigned>(left));
    const __m512 worst = _mm512_set1_ps(value[0]);
    std::uint64_t hits = 0;
    for (int j = 0; j < 4; ++j) {
      const __m512 part = _mm512_maskz_loadu_ps(static_cast<__mmask16>(valid >> 16 * j), z + i + 16 * j);
      hits |= std::uint64_t{_mm512_cmp_ps_mask(part, worst, _CMP_GT_OQ)} << 16 * j;
    }
    for (hits &= valid; hits != 0; hits &= hits - 1) {
      const std::size_t at = i + static_cast<std::size_t>(_tzcnt_u64(hits));
      scalar::topk_offer(index, value, k, k, static_cast<std::uint32_t>(at), z[at]);
    }
  }
  scalar::topk_finish(index, value, size);
  return size;
}

}  // namespace glissade::simd::avx512
