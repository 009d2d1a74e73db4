#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// Four rows share each load of x, and two accumulators for each keep both FMA ports busy.
constexpr std::size_t kGroup = 4;

// See avx512/dots.cpp: the rows that many places on are asked for, one line of each in turn.
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

// Read at 8 - n, the mask of the first n of 8 lanes.
constexpr std::int32_t kLaneMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

inline __m256i first_lanes(std::size_t n) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMasks + 8 - n)); }

// The sums of the 8 lanes of a, b, c and d.
inline __m128 four_sums(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256 abcd = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  return _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1));
}

inline __m128 four_dots(const float* x, const Group<float>& group, std::size_t width) {
  __m256 even[kGroup], odd[kGroup];
  for (std::size_t r = 0; r < kGroup; ++r) even[r] = odd[r] = _mm256_setzero_ps();
  std::size_t d = 0;
  for (; d + 16 <= width; d += 16) {
    const __m256 x0 = _mm256_loadu_ps(x + d);
    const __m256 x1 = _mm256_loadu_ps(x + d + 8);
    prefetch(group, d);
    for (std::size_t r = 0; r < kGroup; ++r) {
      even[r] = _mm256_fmadd_ps(x0, _mm256_loadu_ps(group.row[r] + d), even[r]);
      odd[r] = _mm256_fmadd_ps(x1, _mm256_loadu_ps(group.row[r] + d + 8), odd[r]);
    }
  }
  for (; d < width; d += 8) {
    const __m256i lanes = first_lanes(width - d < 8 ? width - d : 8);
    const __m256 x0 = _mm256_maskload_ps(x + d, lanes);
    if (d % 16 == 0) prefetch(group, d);
    for (std::size_t r = 0; r < kGroup; ++r) even[r] = _mm256_fmadd_ps(x0, _mm256_maskload_ps(group.row[r] + d, lanes), even[r]);
  }
  for (std::size_t r = 0; r < kGroup; ++r) even[r] = _mm256_add_ps(even[r], odd[r]);
  return four_sums(even[0], even[1], even[2], even[3]);
}

inline __m256i load_halves(const std::uint16_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

// There is no masked load of 16-bit elements at this level.
inline __m256i load_halves(const std::uint16_t* p, std::size_t n) {
  std::uint16_t copy[16] = {};
  for (std::size_t i = 0; i < n; ++i) copy[i] = p[i];
  return load_halves(copy);
}

// A vector of 16 bf16 holds its even elements in the upper halves of one shift and its odd ones in place.
inline __m256 even_floats(__m256i v) { return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16)); }
inline __m256 odd_floats(__m256i v) {
  return _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
}

/// The even and odd partial sums of four rows.
struct Sums {
  __m256 even[kGroup], odd[kGroup];

  void add(__m256i xs, const __m256i (&rs)[kGroup]) {
    const __m256 x0 = even_floats(xs), x1 = odd_floats(xs);
    for (std::size_t r = 0; r < kGroup; ++r) {
      even[r] = _mm256_fmadd_ps(x0, even_floats(rs[r]), even[r]);
      odd[r] = _mm256_fmadd_ps(x1, odd_floats(rs[r]), odd[r]);
    }
  }
};

inline __m128 four_dots(const std::uint16_t* x, const Group<std::uint16_t>& group, std::size_t width) {
  Sums sums;
  for (std::size_t r = 0; r < kGroup; ++r) sums.even[r] = sums.odd[r] = _mm256_setzero_ps();
  __m256i rs[kGroup];
  std::size_t d = 0;
  for (; d + 16 <= width; d += 16) {
    if (d % (kLine / sizeof(std::uint16_t)) == 0) prefetch(group, d);
    for (std::size_t r = 0; r < kGroup; ++r) rs[r] = load_halves(group.row[r] + d);
    sums.add(load_halves(x + d), rs);
  }
  if (d < width) {
    prefetch(group, d);
    for (std::size_t r = 0; r < kGroup; ++r) rs[r] = load_halves(group.row[r] + d, width - d);
    sums.add(load_halves(x + d, width - d), rs);
  }
  for (std::size_t r = 0; r < kGroup; ++r) sums.even[r] = _mm256_add_ps(sums.even[r], sums.odd[r]);
  return four_sums(sums.even[0], sums.even[1], sums.even[2], sums.even[3]);
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
    const std::size_t left = count - i < kGroup ? count - i : kGroup;
    _mm_maskstore_ps(out + i, _mm256_castsi256_si128(first_lanes(left)), sums);
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
  // Multiply, then add: the same bits as the scalar definition, which does the rest.
  const __m256 factor = _mm256_set1_ps(a);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(y + i), _mm256_mul_ps(factor, _mm256_loadu_ps(x + i))));
  }
  scalar::axpy_f32(a, x + i, y + i, n - i);
}

}  // namespace glissade::simd::avx2
