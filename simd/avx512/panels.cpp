#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

// Sixteen rows of sixteen 32-bit words become their columns: within 128-bit lanes first, then the lanes themselves.
inline void transpose(__m512 (&r)[16]) {
  __m512 pairs[16], quads[16];
  for (std::size_t i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
  for (std::size_t i = 0; i < 16; i += 4) {
    quads[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    quads[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    quads[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    quads[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    // Lane l of quads[4 q + i] holds column 4 l + i of rows 4 q .. 4 q + 3.
    const __m512 even01 = _mm512_shuffle_f32x4(quads[i], quads[i + 4], 0x88);
    const __m512 odd01 = _mm512_shuffle_f32x4(quads[i], quads[i + 4], 0xdd);
    const __m512 even23 = _mm512_shuffle_f32x4(quads[i + 8], quads[i + 12], 0x88);
    const __m512 odd23 = _mm512_shuffle_f32x4(quads[i + 8], quads[i + 12], 0xdd);
    r[i] = _mm512_shuffle_f32x4(even01, even23, 0x88);
    r[i + 4] = _mm512_shuffle_f32x4(odd01, odd23, 0x88);
    r[i + 8] = _mm512_shuffle_f32x4(even01, even23, 0xdd);
    r[i + 12] = _mm512_shuffle_f32x4(odd01, odd23, 0xdd);
  }
}

inline __m512 load_words(const float* x) { return _mm512_loadu_ps(x); }
inline __m512 load_words(const std::uint16_t* x) { return _mm512_castsi512_ps(_mm512_loadu_si512(x)); }
inline void store_words(float* y, __m512 v) { _mm512_storeu_ps(y, v); }
inline void store_words(std::uint16_t* y, __m512 v) { _mm512_storeu_si512(y, _mm512_castps_si512(v)); }

// A word is 32 bits: a float, or a pair of bf16. `width` is a multiple of 32: of one word of 16 bf16 pairs, of two of floats.
template <class T>
inline void columns(const T* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width, T* panel) {
  constexpr std::size_t kWord = sizeof(T) == sizeof(float) ? 1 : 2;  // elements of a word
  const T* from[16];
  for (std::size_t j = 0; j < 16; ++j) from[j] = j < count ? rows + ids[j] * stride : nullptr;
  for (std::size_t d = 0; d < width; d += 16 * kWord) {
    __m512 r[16];
    for (std::size_t j = 0; j < 16; ++j) r[j] = from[j] != nullptr ? load_words(from[j] + d) : _mm512_setzero_ps();
    transpose(r);
    for (std::size_t j = 0; j < 16; ++j) store_words(panel + (d + j * kWord) * kPanelColumns, r[j]);
  }
}

}  // namespace

void columns_f32(const float* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,
                 float* panel) noexcept {
  columns(rows, stride, ids, count, width, panel);
}

void columns_bf16(const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,
                  std::uint16_t* panel) noexcept {
  columns(rows, stride, ids, count, width, panel);
}

void pair_rows_bf16(const std::uint16_t* first, const std::uint16_t* second, std::size_t width, std::uint16_t* panels,
                    std::size_t panel_stride) noexcept {
  const auto load = [](const std::uint16_t* x) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
  };
  for (std::size_t j = 0; j < width; j += kPanelColumns) {
    __m512i pairs = load(first + j);
    if (second != nullptr) pairs = _mm512_or_si512(pairs, _mm512_slli_epi32(load(second + j), 16));
    _mm512_storeu_si512(panels, pairs);
    panels += panel_stride;
  }
}

void transpose_f32(const float* in, std::size_t in_stride, std::size_t rows, std::size_t columns, float* out,
                   std::size_t out_stride) noexcept {
  const std::size_t whole_rows = rows / 16 * 16, whole_columns = columns / 16 * 16;
  for (std::size_t i = 0; i < whole_rows; i += 16) {
    for (std::size_t j = 0; j < whole_columns; j += 16) {
      __m512 r[16];
      for (std::size_t l = 0; l < 16; ++l) r[l] = _mm512_loadu_ps(in + (i + l) * in_stride + j);
      transpose(r);
      for (std::size_t l = 0; l < 16; ++l) _mm512_storeu_ps(out + (j + l) * out_stride + i, r[l]);
    }
  }
  scalar::transpose_f32(in + whole_columns, in_stride, whole_rows, columns - whole_columns, out + whole_columns * out_stride,
                        out_stride);
  scalar::transpose_f32(in + whole_rows * in_stride, in_stride, rows - whole_rows, columns, out + whole_rows, out_stride);
}

}  // namespace glissade::simd::avx512
