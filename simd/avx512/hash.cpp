#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

// Sums of a projection depend on each other in order; that many projections at once hide the latency of the additions.
constexpr std::size_t kGroup = 8;

inline __m512 lane_row(const float* x, std::uint32_t position) { return _mm512_loadu_ps(x + std::size_t{position} * kHashLanes); }

// Terms, taken apart some at a time: where in x the row starts, and the sign as a factor. A product with 1 or -1 is exact, so
// the fused sum has the bits of an addition or a subtraction, and costs one operation where flipping signs costs three.
struct Terms {
  static constexpr std::size_t kMost = 16;
  std::uint32_t offset[kMost];
  float factor[kMost];

  void take(const std::uint32_t* terms, std::size_t count) {
    const auto lanes = static_cast<__mmask16>(_bzhi_u32(0xffffu, static_cast<unsigned>(count)));
    const __m512i packed = _mm512_maskz_loadu_epi32(lanes, terms);
    const __m512i index = _mm512_and_si512(packed, _mm512_set1_epi32(0x7fffffff));
    const __m512i sign = _mm512_xor_si512(packed, index);
    _mm512_storeu_si512(offset, index);
    _mm512_storeu_si512(factor, _mm512_or_si512(sign, _mm512_castps_si512(_mm512_set1_ps(1.0f))));
  }
};

template <std::size_t kCount>
inline void project(const float* x, const std::uint32_t* terms, std::size_t nonzeros, __m512 (&sum)[kCount]) {
  for (std::size_t g = 0; g < kCount; ++g) sum[g] = _mm512_setzero_ps();
  Terms part[kCount];
  for (std::size_t first = 0; first < nonzeros; first += Terms::kMost) {
    const std::size_t count = nonzeros - first < Terms::kMost ? nonzeros - first : Terms::kMost;
    for (std::size_t g = 0; g < kCount; ++g) part[g].take(terms + g * nonzeros + first, count);
    for (std::size_t j = 0; j < count; ++j) {
      for (std::size_t g = 0; g < kCount; ++g) {
        sum[g] = _mm512_fmadd_ps(lane_row(x, part[g].offset[j]), _mm512_set1_ps(part[g].factor[j]), sum[g]);
      }
    }
  }
}

// Where the bit of the next projection goes.
struct CodeWriter {
  std::uint32_t* codes;
  std::size_t k;
  std::size_t bit = 0;

  void put(__m512 sum) {
    const __mmask16 set = _mm512_cmp_ps_mask(sum, _mm512_setzero_ps(), _CMP_GT_OQ);
    const __m512i before = bit == 0 ? _mm512_setzero_si512() : _mm512_loadu_si512(codes);
    const __m512i mark = _mm512_set1_epi32(static_cast<int>(1u << bit));
    _mm512_storeu_si512(codes, _mm512_mask_or_epi32(before, set, before, mark));
    if (++bit == k) {
      bit = 0;
      codes += kHashLanes;
    }
  }
};

template <std::size_t kCount>
inline void winners(const float* x, const std::uint32_t* positions, std::size_t bin_size, std::uint8_t* digits) {
  __m512 best[kCount];
  __m512i digit[kCount], bits[kCount];
  for (std::size_t b = 0; b < kCount; ++b) {
    best[b] = lane_row(x, positions[b * bin_size]);
    bits[b] = _mm512_castps_si512(best[b]);
    digit[b] = _mm512_setzero_si512();
  }
  for (std::size_t j = 1; j < bin_size; ++j) {
    const __m512i here = _mm512_set1_epi32(static_cast<int>(j));
    for (std::size_t b = 0; b < kCount; ++b) {
      const __m512 value = lane_row(x, positions[b * bin_size + j]);
      digit[b] = _mm512_mask_mov_epi32(digit[b], _mm512_cmp_ps_mask(value, best[b], _CMP_GT_OQ), here);
      best[b] = _mm512_max_ps(value, best[b]);  // `best` where either is NaN, as value > best says
      bits[b] = _mm512_or_si512(bits[b], _mm512_castps_si512(value));
    }
  }
  for (std::size_t b = 0; b < kCount; ++b) {
    const __mmask16 empty = _mm512_testn_epi32_mask(bits[b], _mm512_set1_epi32(0x7fffffff));
    const __m512i result = _mm512_mask_mov_epi32(digit[b], empty, _mm512_set1_epi32(255));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(digits + b * kHashLanes), _mm512_cvtepi32_epi8(result));
  }
}

}  // namespace

void simhash_codes(const float* x, const std::uint32_t* terms, std::size_t nonzeros, std::size_t tables, std::size_t k,
                   std::uint32_t* codes) noexcept {
  if (k == 0) {
    scalar::simhash_codes(x, terms, nonzeros, tables, k, codes);
    return;
  }
  CodeWriter writer{codes, k};
  std::size_t left = tables * k;
  for (; left >= kGroup; left -= kGroup, terms += kGroup * nonzeros) {
    __m512 sum[kGroup];
    project(x, terms, nonzeros, sum);
    for (std::size_t g = 0; g < kGroup; ++g) writer.put(sum[g]);
  }
  for (; left > 0; --left, terms += nonzeros) {
    __m512 sum[1];
    project(x, terms, nonzeros, sum);
    writer.put(sum[0]);
  }
}

void wta_digits(const float* x, const std::uint32_t* positions, std::size_t bin_size, std::size_t bins,
                std::uint8_t* digits) noexcept {
  constexpr std::size_t kBins = 4;
  if (bin_size == 0) {
    scalar::wta_digits(x, positions, bin_size, bins, digits);
    return;
  }
  for (; bins >= kBins; bins -= kBins, positions += kBins * bin_size, digits += kBins * kHashLanes) {
    winners<kBins>(x, positions, bin_size, digits);
  }
  for (; bins > 0; --bins, positions += bin_size, digits += kHashLanes) winners<1>(x, positions, bin_size, digits);
}

}  // namespace glissade::simd::avx512
