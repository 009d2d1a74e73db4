#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// As in avx512/bag.cpp: narrow bags stay in registers over all rows, wider ones are summed into `out`, kGroup rows at a time.
// A column takes its rows in order either way.
constexpr std::size_t kNarrow = 64;
constexpr std::size_t kGroup = 4;
constexpr std::size_t kAhead = 8;

inline void prefetch(const void* line) { _mm_prefetch(static_cast<const char*>(line), _MM_HINT_T0); }

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

// Sixteen columns are two vectors: of a float row the first and the last eight, of a bf16 row the even and the odd ones.
constexpr std::size_t kColumns = 16;

inline void add_columns(__m256 weight, const float* p, __m256 (&sum)[2]) {
  sum[0] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(p), sum[0]);
  sum[1] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(p + 8), sum[1]);
}

inline void add_columns(__m256 weight, const std::uint16_t* p, __m256 (&sum)[2]) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xffff0000u));
  sum[0] = _mm256_fmadd_ps(weight, _mm256_castsi256_ps(_mm256_slli_epi32(halves, 16)), sum[0]);
  sum[1] = _mm256_fmadd_ps(weight, _mm256_castsi256_ps(_mm256_and_si256(halves, upper)), sum[1]);
}

inline void load_columns(const float*, __m256 (&sum)[2], const float* out) {
  sum[0] = _mm256_loadu_ps(out);
  sum[1] = _mm256_loadu_ps(out + 8);
}

inline void store_columns(const float*, float* out, const __m256 (&sum)[2]) {
  _mm256_storeu_ps(out, sum[0]);
  _mm256_storeu_ps(out + 8, sum[1]);
}

// Columns in order <-> even and odd columns apart; the pointer only says which kind of rows they come from.
inline void load_columns(const std::uint16_t*, __m256 (&sum)[2], const float* out) {
  const __m256 first = _mm256_loadu_ps(out), second = _mm256_loadu_ps(out + 8);
  const __m256 low = _mm256_permute2f128_ps(first, second, 0x20), high = _mm256_permute2f128_ps(first, second, 0x31);
  sum[0] = _mm256_shuffle_ps(low, high, 0x88);
  sum[1] = _mm256_shuffle_ps(low, high, 0xdd);
}

inline void store_columns(const std::uint16_t*, float* out, const __m256 (&sum)[2]) {
  const __m256 low = _mm256_unpacklo_ps(sum[0], sum[1]), high = _mm256_unpackhi_ps(sum[0], sum[1]);
  _mm256_storeu_ps(out, _mm256_permute2f128_ps(low, high, 0x20));
  _mm256_storeu_ps(out + 8, _mm256_permute2f128_ps(low, high, 0x31));
}

// kNarrow columns from column `d` on.
template <class T>
void narrow_bag(const Bag<T>& bag, std::size_t d, float* out) {
  __m256 sum[kNarrow / kColumns][2];
  for (auto& s : sum) s[0] = s[1] = _mm256_setzero_ps();
  for (std::size_t i = 0; i < bag.count; ++i) {
    const T* row = bag.row(i) + d;
    const T* next = bag.row(i + kAhead) + d;
    for (std::size_t byte = 0; byte < kNarrow * sizeof(T); byte += 64) prefetch(reinterpret_cast<const char*>(next) + byte);
    const __m256 weight = _mm256_set1_ps(bag.weights[i]);
    for (std::size_t v = 0; v < kNarrow / kColumns; ++v) add_columns(weight, row + v * kColumns, sum[v]);
  }
  for (std::size_t v = 0; v < kNarrow / kColumns; ++v) store_columns(bag.rows, out + d + v * kColumns, sum[v]);
}

// Adds columns [begin, end) of kRows rows from `first` on to `out`; the first ones of a bag overwrite it.
template <class T, std::size_t kRows>
void add_rows(const Bag<T>& bag, std::size_t first, std::size_t begin, std::size_t end, float* out) {
  const T* row[kRows];
  const T* next[kRows];
  __m256 weight[kRows];
  for (std::size_t r = 0; r < kRows; ++r) {
    row[r] = bag.row(first + r);
    next[r] = bag.row(first + r + kAhead);
    weight[r] = _mm256_set1_ps(bag.weights[first + r]);
  }
  for (std::size_t d = begin; d < end; d += kColumns) {
    __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    if (first != 0) load_columns(bag.rows, sum, out + d);
    for (std::size_t r = 0; r < kRows; ++r) {
      prefetch(next[r] + d);
      add_columns(weight[r], row[r] + d, sum);
    }
    store_columns(bag.rows, out + d, sum);
  }
}

template <class T>
void bag_of(const Bag<T>& bag, std::size_t width, float* out) {
  const std::size_t whole = bag.count == 0 ? 0 : width / kColumns * kColumns;
  std::size_t d = 0;
  if (whole <= 2 * kNarrow) {
    for (; d + kNarrow <= whole; d += kNarrow) narrow_bag(bag, d, out);
  }
  if (d < whole) {
    std::size_t i = 0;
    for (; i + kGroup <= bag.count; i += kGroup) add_rows<T, kGroup>(bag, i, d, whole, out);
    for (; i < bag.count; ++i) add_rows<T, 1>(bag, i, d, whole, out);
  }
}

}  // namespace

// The scalar definition sums the columns after the last sixteen.

void bag_f32(const float* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,
             std::size_t width, float* out) noexcept {
  bag_of(Bag<float>{rows, stride, ids, weights, count}, width, out);
  const std::size_t whole = count == 0 ? 0 : width / kColumns * kColumns;
  if (whole < width) scalar::bag_f32(rows + whole, stride, ids, weights, count, width - whole, out + whole);
}

void bag_bf16(const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,
              std::size_t width, float* out) noexcept {
  bag_of(Bag<std::uint16_t>{rows, stride, ids, weights, count}, width, out);
  const std::size_t whole = count == 0 ? 0 : width / kColumns * kColumns;
  if (whole < width) scalar::bag_bf16(rows + whole, stride, ids, weights, count, width - whole, out + whole);
}

}  // namespace glissade::simd::avx2
