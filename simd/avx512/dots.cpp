#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

// Four rows share each load of x, and two accumulators for each keep both FMA ports busy.
constexpr std::size_t kGroup = 4;

// Gathered rows come from memory, so the time goes into waiting. While a group is summed, the rows that many places on are
// asked for, one line of each in turn: read line by line on its own, a wide row leaves the hardware's streamer no time to
// join in (measured on rows of 2 KB: two thirds of the speed). Four rows that lie one behind the other are asked for in the order
// of their addresses (rows of 512 bytes from memory: 9 -> 24 GB/s).
constexpr std::size_t kAhead = 8;
constexpr std::size_t kLine = 64;

/// Four rows to sum now, and where to ask for lines of the four to come.
template <class T>
struct Group {
  const T* row[kGroup];
  const T* next[kGroup];
  std::size_t step;  ///< of the lines to ask for, as d grows by one
};

template <class T>
inline void prefetch(const Group<T>& group, std::size_t d) {
  for (std::size_t r = 0; r < kGroup; ++r)
    _mm_prefetch(reinterpret_cast<const char*>(group.next[r] + d * group.step), _MM_HINT_T0);
}

inline __mmask16 first_lanes(std::size_t n) { return static_cast<__mmask16>(_bzhi_u32(0xffffu, static_cast<unsigned>(n))); }

// The sums of the 16 lanes of a, b, c and d.
inline __m128 four_sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const __m512 abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

inline __m128 four_dots(const float* x, const Group<float>& group, std::size_t width) {
  __m512 even[kGroup], odd[kGroup];
  for (std::size_t r = 0; r < kGroup; ++r) even[r] = odd[r] = _mm512_setzero_ps();
  std::size_t d = 0;
  for (; d + 32 <= width; d += 32) {
    const __m512 x0 = _mm512_loadu_ps(x + d);
    const __m512 x1 = _mm512_loadu_ps(x + d + 16);
    prefetch(group, d);
    prefetch(group, d + 16);
    for (std::size_t r = 0; r < kGroup; ++r) {
      even[r] = _mm512_fmadd_ps(x0, _mm512_loadu_ps(group.row[r] + d), even[r]);
      odd[r] = _mm512_fmadd_ps(x1, _mm512_loadu_ps(group.row[r] + d + 16), odd[r]);
    }
  }
  for (; d < width; d += 16) {
    const __mmask16 lanes = first_lanes(width - d < 16 ? width - d : 16);
    const __m512 x0 = _mm512_maskz_loadu_ps(lanes, x + d);
    prefetch(group, d);
    for (std::size_t r = 0; r < kGroup; ++r) {
      even[r] = _mm512_fmadd_ps(x0, _mm512_maskz_loadu_ps(lanes, group.row[r] + d), even[r]);
    }
  }
  for (std::size_t r = 0; r < kGroup; ++r) even[r] = _mm512_add_ps(even[r], odd[r]);
  return four_sums(even[0], even[1], even[2], even[3]);
}

// A vector of 32 bf16 holds its even elements in the upper halves of one shift and its odd ones in place.
inline __m512 even_floats(__m512i v) { return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16)); }
inline __m512 odd_floats(__m512i v) {
  return _mm512_castsi512_ps(_mm512_and_si512(v, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
}

inline __m128 four_dots(const std::uint16_t* x, const Group<std::uint16_t>& group, std::size_t width) {
  __m512 even[kGroup], odd[kGroup];
  for (std::size_t r = 0; r < kGroup; ++r) even[r] = odd[r] = _mm512_setzero_ps();
  std::size_t d = 0;
  for (; d + 32 <= width; d += 32) {
    const __m512i xs = _mm512_loadu_si512(x + d);
    prefetch(group, d);
    const __m512 x0 = even_floats(xs), x1 = odd_floats(xs);
    for (std::size_t r = 0; r < kGroup; ++r) {
      const __m512i rs = _mm512_loadu_si512(group.row[r] + d);
      even[r] = _mm512_fmadd_ps(x0, even_floats(rs), even[r]);
      odd[r] = _mm512_fmadd_ps(x1, odd_floats(rs), odd[r]);
    }
  }
  if (d < width) {
    const __mmask32 lanes = _bzhi_u32(~0u, static_cast<unsigned>(width - d));
    const __m512i xs = _mm512_maskz_loadu_epi16(lanes, x + d);
    prefetch(group, d);
    const __m512 x0 = even_floats(xs), x1 = odd_floats(xs);
    for (std::size_t r = 0; r < kGroup; ++r) {
      const __m512i rs = _mm512_maskz_loadu_epi16(lanes, group.row[r] + d);
      even[r] = _mm512_fmadd_ps(x0, even_floats(rs), even[r]);
      odd[r] = _mm512_fmadd_ps(x1, odd_floats(rs), odd[r]);
    }
  }
  for (std::size_t r = 0; r < kGroup; ++r) even[r] = _mm512_add_ps(even[r], odd[r]);
  return four_sums(even[0], even[1], even[2], even[3]);
}

template <class T>
void dots(const T* x, const T* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,
          float* out) {
  const auto row_at = [=](std::size_t i) { return rows + ids[i < count ? i : count - 1] * stride; };
  Group<T> group;
  for (std::size_t i = 0; i < kAhead && i < count; i += kGroup) {
    for (std::size_t r = 0; r < kGroup; ++r) group.next[r] = row_at(i + r);
    group.step = 1;
    for (std::size_t d = 0; d < width; d += kLine / sizeof(T)) prefetch(group, d);
  }
  for (std::size_t i = 0; i < count; i += kGroup) {
    // The last group may be short: it repeats its last row and stores less.
    for (std::size_t r = 0; r < kGroup; ++r) {
      group.row[r] = row_at(i + r);
      group.next[r] = row_at(i + r + kAhead);
    }
    const auto follows = [&](std::size_t r) { return group.next[r] == group.next[r - 1] + stride; };
    const bool in_a_row = follows(1) && follows(2) && follows(3);
    group.step = in_a_row ? kGroup : 1;
    for (std::size_t r = 1; in_a_row && r < kGroup; ++r) group.next[r] = group.next[0] + r * (kLine / sizeof(T));
    const __m128 sums = four_dots(x, group, width);
    _mm_mask_storeu_ps(out + i, static_cast<__mmask8>(first_lanes(count - i < kGroup ? count - i : kGroup)), sums);
  }
}

}  // namespace

void dots_f32(const float* x, const float* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count,
              std::size_t width, float* out) noexcept {
  dots(x, rows, stride, ids, count, width, out);
}

void dots_bf16(const std::uint16_t* x, const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count,
               std::size_t width, float* out) noexcept {
  dots(x, rows, stride, ids, count, width, out);
}

void axpy_f32(float a, const float* x, float* y, std::size_t n) noexcept {
  // Multiply, then add: the same bits as the scalar definition.
  const __m512 factor = _mm512_set1_ps(a);
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    _mm512_storeu_ps(y + i, _mm512_add_ps(_mm512_loadu_ps(y + i), _mm512_mul_ps(factor, _mm512_loadu_ps(x + i))));
  }
  if (i < n) {
    const __mmask16 lanes = first_lanes(n - i);
    const __m512 product = _mm512_mul_ps(factor, _mm512_maskz_loadu_ps(lanes, x + i));
    _mm512_mask_storeu_ps(y + i, lanes, _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, y + i), product));
  }
}

}  // namespace glissade::simd::avx512
