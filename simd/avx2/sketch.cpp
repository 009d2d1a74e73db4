#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {

// The tables stay in registers' reach: a shuffle looks 32 rows up at once (Andre et al. 2015). `both` sums even rows plus 256
// times odd rows, modulo 2^16, `odd` the odd rows alone: what is left of `both` without them is the sum of the even rows.
void sketch_sums(const std::uint8_t* codes, std::size_t blocks, std::size_t bytes, const std::uint8_t* tables,
                 std::uint16_t* sums) noexcept {
  const __m256i low_half = _mm256_set1_epi8(15);
  const auto table = [tables](std::size_t i) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(tables + i * 16)));
  };
  for (; blocks != 0; --blocks, codes += kSketchRows * bytes, sums += kSketchRows) {
    __m256i both = _mm256_setzero_si256(), odd = both;
    for (std::size_t byte = 0; byte < bytes; ++byte) {
      const __m256i code = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + byte * kSketchRows));
      const __m256i first = _mm256_shuffle_epi8(table(2 * byte), _mm256_and_si256(code, low_half));
      const __m256i second = _mm256_shuffle_epi8(table(2 * byte + 1), _mm256_and_si256(_mm256_srli_epi16(code, 4), low_half));
      both = _mm256_add_epi16(both, _mm256_add_epi16(first, second));
      odd = _mm256_add_epi16(odd, _mm256_add_epi16(_mm256_srli_epi16(first, 8), _mm256_srli_epi16(second, 8)));
    }
    const __m256i even = _mm256_sub_epi16(both, _mm256_slli_epi16(odd, 8));
    const __m256i a = _mm256_unpacklo_epi16(even, odd), b = _mm256_unpackhi_epi16(even, odd);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums), _mm256_permute2x128_si256(a, b, 0x20));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + 16), _mm256_permute2x128_si256(a, b, 0x31));
  }
}

std::size_t places_from(const std::uint16_t* x, std::size_t n, std::uint16_t least, std::uint32_t* places) noexcept {
  const __m256i bound = _mm256_set1_epi16(static_cast<short>(least));
  const auto is_from = [bound](const std::uint16_t* from) {
    const __m256i values = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm256_cmpeq_epi16(_mm256_max_epu16(values, bound), values);
  };
  std::size_t count = 0, j = 0;
  for (; j + 32 <= n; j += 32) {
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(is_from(x + j), is_from(x + j + 16)), 0xd8);
    for (auto mask = static_cast<unsigned>(_mm256_movemask_epi8(packed)); mask != 0; mask &= mask - 1)
      places[count++] = static_cast<std::uint32_t>(j) + static_cast<std::uint32_t>(_tzcnt_u32(mask));
  }
  for (; j < n; ++j) {
    if (x[j] >= least) places[count++] = static_cast<std::uint32_t>(j);
  }
  return count;
}

}  // namespace glissade::simd::avx2
