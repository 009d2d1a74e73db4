#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// The 16 lanes are two registers. Several projections at once hide the latency of the additions.
constexpr std::size_t kGroup = 4;

struct Lanes {
  __m256 low, high;
};

inline Lanes lane_row(const float* x, std::uint32_t position) {
  const float* row = x + std::size_t{position} * kHashLanes;
  return {_mm256_loadu_ps(row), _mm256_loadu_ps(row + 8)};
}

// Terms, taken apart some at a time: see avx512/hash.cpp.
struct Terms {
  static constexpr std::size_t kMost = 16;
  std::uint32_t offset[kMost];
  float factor[kMost];

  void take(const std::uint32_t* terms, std::size_t count) {
    for (std::size_t j = 0; j < count; ++j) {
      offset[j] = terms[j] & 0x7fffffffu;
      factor[j] = __builtin_bit_cast(float, (terms[j] & 0x80000000u) | 0x3f800000u);
    }
  }
};

template <std::size_t kCount>
inline void project(const float* x, const std::uint32_t* terms, std::size_t nonzeros, Lanes (&sum)[kCount]) {
  for (std::size_t g = 0; g < kCount; ++g) sum[g] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  Terms part[kCount];
  for (std::size_t first = 0; first < nonzeros; first += Terms::kMost) {
    const std::size_t count = nonzeros - first < Terms::kMost ? nonzeros - first : Terms::kMost;
    for (std::size_t g = 0; g < kCount; ++g) part[g].take(terms + g * nonzeros + first, count);
    for (std::size_t j = 0; j < count; ++j) {
      for (std::size_t g = 0; g < kCount; ++g) {
        const Lanes row = lane_row(x, part[g].offset[j]);
        const __m256 factor = _mm256_set1_ps(part[g].factor[j]);
        sum[g].low = _mm256_fmadd_ps(row.low, factor, sum[g].low);
        sum[g].high = _mm256_fmadd_ps(row.high, factor, sum[g].high);
      }
    }
  }
}

// Where the bit of the next projection goes.
struct CodeWriter {
  std::uint32_t* codes;
  std::size_t k;
  std::size_t bit = 0;

  void put_half(std::uint32_t* half, __m256 sum) const {
    const __m256i set = _mm256_castps_si256(_mm256_cmp_ps(sum, _mm256_setzero_ps(), _CMP_GT_OQ));
    const __m256i mark = _mm256_and_si256(set, _mm256_set1_epi32(static_cast<int>(1u << bit)));
    auto* place = reinterpret_cast<__m256i*>(half);
    _mm256_storeu_si256(place, bit == 0 ? mark : _mm256_or_si256(_mm256_loadu_si256(place), mark));
  }

  void put(const Lanes& sum) {
    put_half(codes, sum.low);
    put_half(codes + 8, sum.high);
    if (++bit == k) {
      bit = 0;
      codes += kHashLanes;
    }
  }
};

/// The winner so far of 8 lanes.
struct Race {
  __m256 best;
  __m256i digit, bits;

  void start(__m256 value) {
    best = value;
    bits = _mm256_castps_si256(value);
    digit = _mm256_setzero_si256();
  }

  void enter(__m256 value, __m256i here) {
    const __m256i ahead = _mm256_castps_si256(_mm256_cmp_ps(value, best, _CMP_GT_OQ));
    digit = _mm256_blendv_epi8(digit, here, ahead);
    best = _mm256_max_ps(value, best);  // `best` where either is NaN, as value > best says
    bits = _mm256_or_si256(bits, _mm256_castps_si256(value));
  }

  __m256i result() const {
    const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
    const __m256i empty = _mm256_cmpeq_epi32(magnitude, _mm256_setzero_si256());
    return _mm256_blendv_epi8(digit, _mm256_set1_epi32(255), empty);
  }
};

template <std::size_t kCount>
inline void winners(const float* x, const std::uint32_t* positions, std::size_t bin_size, std::uint8_t* digits) {
  Race low[kCount], high[kCount];
  for (std::size_t b = 0; b < kCount; ++b) {
    const Lanes row = lane_row(x, positions[b * bin_size]);
    low[b].start(row.low);
    high[b].start(row.high);
  }
  for (std::size_t j = 1; j < bin_size; ++j) {
    const __m256i here = _mm256_set1_epi32(static_cast<int>(j));
    for (std::size_t b = 0; b < kCount; ++b) {
      const Lanes row = lane_row(x, positions[b * bin_size + j]);
      low[b].enter(row.low, here);
      high[b].enter(row.high, here);
    }
  }
  for (std::size_t b = 0; b < kCount; ++b) {
    // Packing works within 128-bit lanes; the permutation puts the 16 values back in order.
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(low[b].result(), high[b].result()), 0xd8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(digits + b * kHashLanes), bytes);
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
    Lanes sum[kGroup];
    project(x, terms, nonzeros, sum);
    for (std::size_t g = 0; g < kGroup; ++g) writer.put(sum[g]);
  }
  for (; left > 0; --left, terms += nonzeros) {
    Lanes sum[1];
    project(x, terms, nonzeros, sum);
    writer.put(sum[0]);
  }
}

void wta_digits(const float* x, const std::uint32_t* positions, std::size_t bin_size, std::size_t bins,
                std::uint8_t* digits) noexcept {
  constexpr std::size_t kBins = 2;
  if (bin_size == 0) {
    scalar::wta_digits(x, positions, bin_size, bins, digits);
    return;
  }
  for (; bins >= kBins; bins -= kBins, positions += kBins * bin_size, digits += kBins * kHashLanes) {
    winners<kBins>(x, positions, bin_size, digits);
  }
  for (; bins > 0; --bins, positions += bin_size, digits += kHashLanes) winners<1>(x, positions, bin_size, digits);
}

}  // namespace glissade::simd::avx2
