#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

// Narrow bags stay in registers over all rows: kWidest accumulators of 16 columns, and `out` is written once. Wider ones are
// summed into `out`, kGroup rows at a time: read in narrow blocks, one pass after another, wide rows from memory come at half
// the speed. Either way a column takes its rows in order.
constexpr std::size_t kWidest = 16;
constexpr std::size_t kGroup = 8;

// Rows that many places on are asked for while one is summed; see dots.cpp for the order of the lines.
constexpr std::size_t kAhead = 8;

inline void prefetch(const void* line) { _mm_prefetch(static_cast<const char*>(line), _MM_HINT_T0); }

inline __mmask16 lanes_left(std::size_t n) {
  return static_cast<__mmask16>(_bzhi_u32(0xffffu, n < 16 ? static_cast<unsigned>(n) : 16u));
}

/// What a bag sums.
template <class T>
struct Bag {
  const T* rows;
  std::size_t stride;
  const std::uint32_t* ids;
  const float* weights;
  std::size_t count;

  const T* row(std::size_t i) const { return rows + ids[i < count ? i : count - 1] * stride; }
};

// Rows are read in lines of 64 bytes: 16 floats are one vector of columns, 32 bf16 are two, the even columns and the odd.

inline void add_line(__m512 weight, const float* line, __mmask16 lanes, __m512* sum) {
  sum[0] = _mm512_fmadd_ps(weight, _mm512_maskz_loadu_ps(lanes, line), sum[0]);
}

inline void add_line(__m512 weight, const std::uint16_t* line, __mmask32 lanes, __m512* sum) {
  const __m512i halves = _mm512_maskz_loadu_epi16(lanes, line);
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  sum[0] = _mm512_fmadd_ps(weight, _mm512_castsi512_ps(_mm512_slli_epi32(halves, 16)), sum[0]);
  sum[1] = _mm512_fmadd_ps(weight, _mm512_castsi512_ps(_mm512_and_si512(halves, upper)), sum[1]);
}

template <class T>
struct Line;

template <>
struct Line<float> {
  using Mask = __mmask16;
  static constexpr std::size_t kColumns = 16, kVectors = 1;
  static Mask mask(std::size_t columns) { return lanes_left(columns); }
  static void load(__m512* sum, const float* out, Mask lanes) { sum[0] = _mm512_maskz_loadu_ps(lanes, out); }
  static void store(float* out, Mask lanes, const __m512* sum) { _mm512_mask_storeu_ps(out, lanes, sum[0]); }
};

template <>
struct Line<std::uint16_t> {
  using Mask = __mmask32;
  static constexpr std::size_t kColumns = 32, kVectors = 2;
  static Mask mask(std::size_t columns) { return _bzhi_u32(~0u, columns < 32 ? static_cast<unsigned>(columns) : 32u); }

  // Columns in order <-> even and odd columns apart.
  static void load(__m512* sum, const float* out, Mask lanes) {
    const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    const __m512 first = _mm512_maskz_loadu_ps(static_cast<__mmask16>(lanes), out);
    const __m512 second = _mm512_maskz_loadu_ps(static_cast<__mmask16>(lanes >> 16), out + 16);
    sum[0] = _mm512_permutex2var_ps(first, even, second);
    sum[1] = _mm512_permutex2var_ps(first, odd, second);
  }
  static void store(float* out, Mask lanes, const __m512* sum) {
    const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i high = _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
    _mm512_mask_storeu_ps(out, static_cast<__mmask16>(lanes), _mm512_permutex2var_ps(sum[0], low, sum[1]));
    _mm512_mask_storeu_ps(out + 16, static_cast<__mmask16>(lanes >> 16), _mm512_permutex2var_ps(sum[0], high, sum[1]));
  }
};

// kLines lines of columns, the last one cut to `last`.
template <class T, std::size_t kLines>
void narrow_bag(const Bag<T>& bag, typename Line<T>::Mask last, float* out) {
  using L = Line<T>;
  constexpr auto kAll = static_cast<typename L::Mask>(-1);
  __m512 sum[kLines * L::kVectors];
  for (__m512& s : sum) s = _mm512_setzero_ps();
  for (std::size_t i = 0; i < bag.count; ++i) {
    const T* row = bag.row(i);
    const T* next = bag.row(i + kAhead);
    const __m512 weight = _mm512_set1_ps(bag.weights[i]);
    for (std::size_t l = 0; l < kLines; ++l) {
      prefetch(next + l * L::kColumns);
      add_line(weight, row + l * L::kColumns, l + 1 < kLines ? kAll : last, sum + l * L::kVectors);
    }
  }
  for (std::size_t l = 0; l < kLines; ++l) L::store(out + l * L::kColumns, l + 1 < kLines ? kAll : last, sum + l * L::kVectors);
}

// Adds kRows rows from `first` on to `out`; the first ones of a bag overwrite it.
template <class T, std::size_t kRows>
void add_rows(const Bag<T>& bag, std::size_t first, std::size_t width, float* out) {
  using L = Line<T>;
  const T* row[kRows];
  const T* next[kRows];
  __m512 weight[kRows];
  for (std::size_t r = 0; r < kRows; ++r) {
    row[r] = bag.row(first + r);
    next[r] = bag.row(first + r + kAhead);
    weight[r] = _mm512_set1_ps(bag.weights[first + r]);
  }
  const auto add_columns = [&](std::size_t d, typename L::Mask lanes) {
    __m512 sum[L::kVectors] = {};
    if (first != 0) L::load(sum, out + d, lanes);
    for (std::size_t r = 0; r < kRows; ++r) {
      prefetch(next[r] + d);
      add_line(weight[r], row[r] + d, lanes, sum);
    }
    L::store(out + d, lanes, sum);
  };
  std::size_t d = 0;
  for (; d + L::kColumns <= width; d += L::kColumns) add_columns(d, static_cast<typename L::Mask>(-1));
  if (d < width) add_columns(d, L::mask(width - d));
}

template <class T>
void wide_bag(const Bag<T>& bag, std::size_t width, float* out) {
  std::size_t i = 0;
  for (; i + kGroup <= bag.count; i += kGroup) add_rows<T, kGroup>(bag, i, width, out);
  for (; i + kGroup / 2 <= bag.count; i += kGroup / 2) add_rows<T, kGroup / 2>(bag, i, width, out);
  for (; i < bag.count; ++i) add_rows<T, 1>(bag, i, width, out);
}

inline void clear(float* out, std::size_t width) {
  for (std::size_t d = 0; d < width; d += 16) _mm512_mask_storeu_ps(out + d, lanes_left(width - d), _mm512_setzero_ps());
}

}  // namespace

void bag_f32(const float* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,
             std::size_t width, float* out) noexcept {
  const Bag<float> bag{rows, stride, ids, weights, count};
  if (count == 0) return clear(out, width);
  const __mmask16 last = lanes_left((width + 15) % 16 + 1);
  switch ((width + 15) / 16) {
    case 0: return;
    case 1: return narrow_bag<float, 1>(bag, last, out);
    case 2: return narrow_bag<float, 2>(bag, last, out);
    case 3: return narrow_bag<float, 3>(bag, last, out);
    case 4: return narrow_bag<float, 4>(bag, last, out);
    case 8: return narrow_bag<float, 8>(bag, last, out);
    case 12: return narrow_bag<float, 12>(bag, last, out);
    case kWidest: return narrow_bag<float, kWidest>(bag, last, out);
    default: return wide_bag(bag, width, out);
  }
}

void bag_bf16(const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,
              std::size_t width, float* out) noexcept {
  const Bag<std::uint16_t> bag{rows, stride, ids, weights, count};
  if (count == 0) return clear(out, width);
  const __mmask32 last = Line<std::uint16_t>::mask((width + 31) % 32 + 1);
  switch ((width + 31) / 32) {
    case 0: return;
    case 1: return narrow_bag<std::uint16_t, 1>(bag, last, out);
    case 2: return narrow_bag<std::uint16_t, 2>(bag, last, out);
    case 4: return narrow_bag<std::uint16_t, 4>(bag, last, out);
    case 6: return narrow_bag<std::uint16_t, 6>(bag, last, out);
    case kWidest / 2: return narrow_bag<std::uint16_t, kWidest / 2>(bag, last, out);
    default: return wide_bag(bag, width, out);
  }
}

}  // namespace glissade::simd::avx512
