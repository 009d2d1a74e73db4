#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

// A block of columns stays in registers over all rows, so that `out` is written once: kVectors accumulators of 16 floats.
constexpr int kWidest = 16;
constexpr std::size_t kAheadBytes = 6144;
constexpr std::size_t kMaxAheadRows = 16;
constexpr std::size_t kLine = 64;

/// The part of the arguments that no block changes.
struct Bag {
  const std::uint32_t* ids;
  const float* weights;
  std::size_t count;
  std::size_t stride;
};

std::size_t rows_ahead(std::size_t block_bytes) {
  const std::size_t rows = kAheadBytes / (block_bytes + 1);
  return rows < 2 ? 2 : rows > kMaxAheadRows ? kMaxAheadRows : rows;
}

inline void prefetch(const void* block, std::size_t bytes) {
  const char* p = static_cast<const char*>(block);
  for (std::size_t offset = 0; offset < bytes; offset += kLine) _mm_prefetch(p + offset, _MM_HINT_T0);
}

inline __mmask16 first_lanes(std::size_t n) { return static_cast<__mmask16>(_bzhi_u32(0xffffu, static_cast<unsigned>(n))); }

// `rows` points at the first column of the block in row 0; the last vector of it may be cut to `lanes`.
template <int kVectors, bool kCut>
void bag_block(const Bag& bag, const float* rows, float* out, __mmask16 lanes) {
  constexpr std::size_t kBytes = kVectors * sizeof(__m512);
  const std::size_t ahead = rows_ahead(kBytes);
  __m512 sum[kVectors];
  for (int v = 0; v < kVectors; ++v) sum[v] = _mm512_setzero_ps();
  for (std::size_t i = 0; i < bag.count; ++i) {
    if (i + ahead < bag.count) prefetch(rows + bag.ids[i + ahead] * bag.stride, kBytes);
    const float* row = rows + bag.ids[i] * bag.stride;
    const __m512 weight = _mm512_set1_ps(bag.weights[i]);
    for (int v = 0; v < kVectors; ++v) {
      const bool cut = kCut && v == kVectors - 1;
      const __m512 part = cut ? _mm512_maskz_loadu_ps(lanes, row + v * 16) : _mm512_loadu_ps(row + v * 16);
      sum[v] = _mm512_fmadd_ps(weight, part, sum[v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    if (kCut && v == kVectors - 1) {
      _mm512_mask_storeu_ps(out + v * 16, lanes, sum[v]);
    } else {
      _mm512_storeu_ps(out + v * 16, sum[v]);
    }
  }
}

inline __m512 even_floats(__m512i v) { return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16)); }
inline __m512 odd_floats(__m512i v) {
  return _mm512_castsi512_ps(_mm512_and_si512(v, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
}

// The same for bf16 rows: sum[2p] holds the even columns of pair p of vectors, sum[2p + 1] the odd ones.
template <int kPairs, bool kCut>
void bag_block(const Bag& bag, const std::uint16_t* rows, float* out, __mmask32 lanes) {
  constexpr std::size_t kBytes = kPairs * sizeof(__m512);
  const std::size_t ahead = rows_ahead(kBytes);
  __m512 sum[2 * kPairs];
  for (int v = 0; v < 2 * kPairs; ++v) sum[v] = _mm512_setzero_ps();
  for (std::size_t i = 0; i < bag.count; ++i) {
    if (i + ahead < bag.count) prefetch(rows + bag.ids[i + ahead] * bag.stride, kBytes);
    const std::uint16_t* row = rows + bag.ids[i] * bag.stride;
    const __m512 weight = _mm512_set1_ps(bag.weights[i]);
    for (int p = 0; p < kPairs; ++p) {
      const bool cut = kCut && p == kPairs - 1;
      const __m512i part = cut ? _mm512_maskz_loadu_epi16(lanes, row + p * 32) : _mm512_loadu_si512(row + p * 32);
      sum[2 * p] = _mm512_fmadd_ps(weight, even_floats(part), sum[2 * p]);
      sum[2 * p + 1] = _mm512_fmadd_ps(weight, odd_floats(part), sum[2 * p + 1]);
    }
  }
  const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512i high = _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
  for (int p = 0; p < kPairs; ++p) {
    const __m512 first = _mm512_permutex2var_ps(sum[2 * p], low, sum[2 * p + 1]);
    const __m512 second = _mm512_permutex2var_ps(sum[2 * p], high, sum[2 * p + 1]);
    const bool cut = kCut && p == kPairs - 1;
    _mm512_mask_storeu_ps(out + p * 32, cut ? static_cast<__mmask16>(lanes) : __mmask16{0xffff}, first);
    _mm512_mask_storeu_ps(out + p * 32 + 16, cut ? static_cast<__mmask16>(lanes >> 16) : __mmask16{0xffff}, second);
  }
}

}  // namespace

void bag_f32(const float* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,
             std::size_t width, float* out) noexcept {
  const Bag bag{ids, weights, count, stride};
  constexpr __mmask16 kAll = 0xffff;
  std::size_t d = 0;
  for (; width - d >= kWidest * 16; d += kWidest * 16) bag_block<kWidest, false>(bag, rows + d, out + d, kAll);
  if (width - d >= 128) {
    bag_block<8, false>(bag, rows + d, out + d, kAll);
    d += 128;
  }
  if (width - d >= 64) {
    bag_block<4, false>(bag, rows + d, out + d, kAll);
    d += 64;
  }
  const std::size_t rest = width - d;
  const __mmask16 lanes = first_lanes((rest + 15) % 16 + 1);
  switch ((rest + 15) / 16) {
    case 1: bag_block<1, true>(bag, rows + d, out + d, lanes); break;
    case 2: bag_block<2, true>(bag, rows + d, out + d, lanes); break;
    case 3: bag_block<3, true>(bag, rows + d, out + d, lanes); break;
    case 4: bag_block<4, true>(bag, rows + d, out + d, lanes); break;
    default: break;
  }
}

void bag_bf16(const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, const float* weights,
              std::size_t count, std::size_t width, float* out) noexcept {
  const Bag bag{ids, weights, count, stride};
  constexpr __mmask32 kAll = ~__mmask32{0};
  std::size_t d = 0;
  for (; width - d >= kWidest * 16; d += kWidest * 16) bag_block<kWidest / 2, false>(bag, rows + d, out + d, kAll);
  if (width - d >= 128) {
    bag_block<4, false>(bag, rows + d, out + d, kAll);
    d += 128;
  }
  const std::size_t rest = width - d;
  const __mmask32 lanes = _bzhi_u32(~0u, static_cast<unsigned>((rest + 31) % 32 + 1));
  switch ((rest + 31) / 32) {
    case 1: bag_block<1, true>(bag, rows + d, out + d, lanes); break;
    case 2: bag_block<2, true>(bag, rows + d, out + d, lanes); break;
    case 3: bag_block<3, true>(bag, rows + d, out + d, lanes); break;
    case 4: bag_block<4, true>(bag, rows + d, out + d, lanes); break;
    default: break;
  }
}

}  // namespace glissade::simd::avx512
