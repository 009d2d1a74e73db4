#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {

// The tables stay in registers' reach: a shuffle looks 32 rows up at once (Andre et al. 2015). Even and odd rows are summed
// apart, each in the 16 bits that the pair has.
void sketch_sums(const std::uint8_t* codes, std::size_t blocks, const std::uint8_t* tables, std::uint16_t* sums) noexcept {
  const __m256i low_half = _mm256_set1_epi8(15), low_byte = _mm256_set1_epi16(255);
  const auto table = [tables](std::size_t i) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(tables + i * 16)));
  };
  for (; blocks != 0; --blocks, codes += kSketchRows * kSketchBytes, sums += kSketchRows) {
    __m256i even = _mm256_setzero_si256(), odd = even;
    for (std::size_t byte = 0; byte < kSketchBytes; ++byte) {
      const __m256i code = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + byte * kSketchRows));
      const __m256i first = _mm256_shuffle_epi8(table(2 * byte), _mm256_and_si256(code, low_half));
      const __m256i second = _mm256_shuffle_epi8(table(2 * byte + 1), _mm256_and_si256(_mm256_srli_epi16(code, 4), low_half));
      even = _mm256_add_epi16(even, _mm256_and_si256(first, low_byte));
      even = _mm256_add_epi16(even, _mm256_and_si256(second, low_byte));
      odd = _mm256_add_epi16(odd, _mm256_srli_epi16(first, 8));
      odd = _mm256_add_epi16(odd, _mm256_srli_epi16(second, 8));
    }
    const __m256i a = _mm256_unpacklo_epi16(even, odd), b = _mm256_unpackhi_epi16(even, odd);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums), _mm256_permute2x128_si256(a, b, 0x20));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + 16), _mm256_permute2x128_si256(a, b, 0x31));
  }
}

}  // namespace glissade::simd::avx2
