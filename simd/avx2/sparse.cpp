#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

constexpr std::size_t kAhead = 6;  ///< rows asked for before their turn: they lie anywhere in memory
constexpr std::size_t kLanes = 8;

inline float sum_of(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline __m256 eight(const float* row) { return _mm256_loadu_ps(row); }
inline __m256 eight(const std::uint16_t* row) {
  return _mm256_castsi256_ps(
      _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row))), 16));
}
inline float one(float value) { return value; }
inline float one(std::uint16_t half) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(half) << 16); }

inline __m256 at(const float* x, const std::uint16_t* columns) {
  const __m128i places = _mm_loadu_si128(reinterpret_cast<const __m128i*>(columns));
  return _mm256_i32gather_ps(x, _mm256_cvtepu16_epi32(places), 4);
}

template <class T>
inline void connected_dots(const float* x, const T* rows, std::size_t pitch, const std::uint16_t* columns, std::size_t fan_in,
                           const std::uint32_t* ids, std::size_t count, float* out) {
  constexpr std::size_t kLine = 64;
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) {
      const std::size_t next = ids[i + kAhead];
      for (std::size_t b = 0; b < fan_in * sizeof(T); b += kLine)
        _mm_prefetch(reinterpret_cast<const char*>(rows + next * pitch) + b, _MM_HINT_T0);
      for (std::size_t b = 0; b < fan_in * sizeof(std::uint16_t); b += kLine)
        _mm_prefetch(reinterpret_cast<const char*>(columns + next * fan_in) + b, _MM_HINT_T0);
    }
    const T* const row = rows + ids[i] * pitch;
    const std::uint16_t* const places = columns + ids[i] * fan_in;
    __m256 even = _mm256_setzero_ps(), odd = even;
    std::size_t d = 0;
    for (; d + 2 * kLanes <= fan_in; d += 2 * kLanes) {
      even = _mm256_fmadd_ps(at(x, places + d), eight(row + d), even);
      odd = _mm256_fmadd_ps(at(x, places + d + kLanes), eight(row + d + kLanes), odd);
    }
    float sum = sum_of(_mm256_add_ps(even, odd));
    for (; d < fan_in; ++d) sum += x[places[d]] * one(row[d]);
    out[i] = sum;
  }
}

}  // namespace

void connected_dots_f32(const float* x, const float* rows, std::size_t pitch, const std::uint16_t* columns, std::size_t fan_in,
                        const std::uint32_t* ids, std::size_t count, float* out) noexcept {
  connected_dots(x, rows, pitch, columns, fan_in, ids, count, out);
}

void connected_dots_bf16(const float* x, const std::uint16_t* rows, std::size_t pitch, const std::uint16_t* columns,
                         std::size_t fan_in, const std::uint32_t* ids, std::size_t count, float* out) noexcept {
  connected_dots(x, rows, pitch, columns, fan_in, ids, count, out);
}

void sparse_dots(const float* x, const std::uint32_t* ids, const std::uint16_t* values, const std::uint64_t* offsets,
                 const std::uint32_t* rows, std::size_t count, float* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) {
      const std::uint64_t next = offsets[rows[i + kAhead]];
      _mm_prefetch(reinterpret_cast<const char*>(ids + next), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(ids + next + 16), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(values + next), _MM_HINT_T0);
    }
    std::uint64_t j = offsets[rows[i]];
    const std::uint64_t end = offsets[rows[i] + 1];
    __m256 sums = _mm256_setzero_ps();
    for (; j + kLanes <= end; j += kLanes) {
      const __m256i places = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ids + j));
      const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(values + j));
      const __m256 weights = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
      sums = _mm256_fmadd_ps(_mm256_i32gather_ps(x, places, 4), weights, sums);
    }
    float sum = sum_of(sums);
    for (; j < end; ++j) sum += x[ids[j]] * __builtin_bit_cast(float, static_cast<std::uint32_t>(values[j]) << 16);
    out[i] = sum;
  }
}

std::size_t sparse_matches(const float* x, const std::uint32_t* ids, std::size_t count, std::uint32_t* places) noexcept {
  std::size_t found = 0, j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const __m256 entries = _mm256_i32gather_ps(x, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ids + j)), 4);
    const __m256 differ = _mm256_cmp_ps(entries, _mm256_setzero_ps(), _CMP_NEQ_UQ);
    for (auto matches = static_cast<unsigned>(_mm256_movemask_ps(differ)); matches != 0; matches &= matches - 1) {
      places[found++] = static_cast<std::uint32_t>(j) + static_cast<std::uint32_t>(__builtin_ctz(matches));
    }
  }
  for (; j < count; ++j) {
    places[found] = static_cast<std::uint32_t>(j);
    found += x[ids[j]] != 0.f;
  }
  return found;
}

}  // namespace glissade::simd::avx2
