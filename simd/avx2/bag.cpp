#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// A block of columns stays in registers over all rows, so that `out` is written once: kVectors accumulators of 8 floats.
constexpr int kWidest = 8;
constexpr std::size_t kMaxAheadRows = 16;
constexpr std::size_t kLine = 64;

/// The part of the arguments that no block changes.
struct Bag {
  const std::uint32_t* ids;
  const float* weights;
  std::size_t count;
  std::size_t stride;
};

inline void prefetch(const void* block, std::size_t bytes) {
  const char* p = static_cast<const char*>(block);
  for (std::size_t offset = 0; offset < bytes; offset += kLine) _mm_prefetch(p + offset, _MM_HINT_T0);
}

// Read at 8 - n, the mask of the first n of 8 lanes.
constexpr std::int32_t kLaneMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

inline __m256i first_lanes(std::size_t n) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMasks + 8 - n)); }

// `rows` points at the first column of the block in row 0; kCut: the last vector of it has only `last` columns.
template <int kVectors, bool kCut>
void bag_block(const Bag& bag, const float* rows, float* out, std::size_t last) {
  const __m256i lanes = first_lanes(last);
  __m256 sum[kVectors];
  for (int v = 0; v < kVectors; ++v) sum[v] = _mm256_setzero_ps();
  for (std::size_t i = 0; i < bag.count; ++i) {
    if (i + kMaxAheadRows < bag.count) prefetch(rows + bag.ids[i + kMaxAheadRows] * bag.stride, sizeof sum);
    const float* row = rows + bag.ids[i] * bag.stride;
    const __m256 weight = _mm256_set1_ps(bag.weights[i]);
    for (int v = 0; v < kVectors; ++v) {
      const bool cut = kCut && v == kVectors - 1;
      const __m256 part = cut ? _mm256_maskload_ps(row + v * 8, lanes) : _mm256_loadu_ps(row + v * 8);
      sum[v] = _mm256_fmadd_ps(weight, part, sum[v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    if (kCut && v == kVectors - 1) {
      _mm256_maskstore_ps(out + v * 8, lanes, sum[v]);
    } else {
      _mm256_storeu_ps(out + v * 8, sum[v]);
    }
  }
}

inline __m256i load_halves(const std::uint16_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

// There is no masked load of 16-bit elements at this level.
inline __m256i load_halves(const std::uint16_t* p, std::size_t n) {
  std::uint16_t copy[16] = {};
  for (std::size_t i = 0; i < n; ++i) copy[i] = p[i];
  return load_halves(copy);
}

inline __m256 even_floats(__m256i v) { return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16)); }
inline __m256 odd_floats(__m256i v) {
  return _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
}

// The same for bf16 rows: sum[2p] holds the even columns of pair p of vectors, sum[2p + 1] the odd ones.
template <int kPairs, bool kCut>
void bag_block(const Bag& bag, const std::uint16_t* rows, float* out, std::size_t last) {
  __m256 sum[2 * kPairs];
  for (int v = 0; v < 2 * kPairs; ++v) sum[v] = _mm256_setzero_ps();
  for (std::size_t i = 0; i < bag.count; ++i) {
    if (i + kMaxAheadRows < bag.count) prefetch(rows + bag.ids[i + kMaxAheadRows] * bag.stride, kPairs * sizeof(__m256i));
    const std::uint16_t* row = rows + bag.ids[i] * bag.stride;
    const __m256 weight = _mm256_set1_ps(bag.weights[i]);
    for (int p = 0; p < kPairs; ++p) {
      const bool cut = kCut && p == kPairs - 1;
      const __m256i part = cut ? load_halves(row + p * 16, last) : load_halves(row + p * 16);
      sum[2 * p] = _mm256_fmadd_ps(weight, even_floats(part), sum[2 * p]);
      sum[2 * p + 1] = _mm256_fmadd_ps(weight, odd_floats(part), sum[2 * p + 1]);
    }
  }
  for (int p = 0; p < kPairs; ++p) {
    const __m256 low = _mm256_unpacklo_ps(sum[2 * p], sum[2 * p + 1]);
    const __m256 high = _mm256_unpackhi_ps(sum[2 * p], sum[2 * p + 1]);
    const bool cut = kCut && p == kPairs - 1;
    const std::size_t columns = cut ? last : 16;
    _mm256_maskstore_ps(out + p * 16, first_lanes(columns < 8 ? columns : 8), _mm256_permute2f128_ps(low, high, 0x20));
    if (columns > 8) _mm256_maskstore_ps(out + p * 16 + 8, first_lanes(columns - 8), _mm256_permute2f128_ps(low, high, 0x31));
  }
}

}  // namespace

void bag_f32(const float* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,
             std::size_t width, float* out) noexcept {
  const Bag bag{ids, weights, count, stride};
  std::size_t d = 0;
  for (; width - d >= kWidest * 8; d += kWidest * 8) bag_block<kWidest, false>(bag, rows + d, out + d, 8);
  if (width - d >= 32) {
    bag_block<4, false>(bag, rows + d, out + d, 8);
    d += 32;
  }
  const std::size_t rest = width - d;
  const std::size_t last = (rest + 7) % 8 + 1;
  switch ((rest + 7) / 8) {
    case 1: bag_block<1, true>(bag, rows + d, out + d, last); break;
    case 2: bag_block<2, true>(bag, rows + d, out + d, last); break;
    case 3: bag_block<3, true>(bag, rows + d, out + d, last); break;
    case 4: bag_block<4, true>(bag, rows + d, out + d, last); break;
    default: break;
  }
}

void bag_bf16(const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, const float* weights,
              std::size_t count, std::size_t width, float* out) noexcept {
  const Bag bag{ids, weights, count, stride};
  std::size_t d = 0;
  for (; width - d >= kWidest * 8; d += kWidest * 8) bag_block<kWidest / 2, false>(bag, rows + d, out + d, 16);
  const std::size_t rest = width - d;
  const std::size_t last = (rest + 15) % 16 + 1;
  switch ((rest + 15) / 16) {
    case 1: bag_block<1, true>(bag, rows + d, out + d, last); break;
    case 2: bag_block<2, true>(bag, rows + d, out + d, last); break;
    case 3: bag_block<3, true>(bag, rows + d, out + d, last); break;
    case 4: bag_block<4, true>(bag, rows + d, out + d, last); break;
    default: break;
  }
}

}  // namespace glissade::simd::avx2
