#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// Eight rows of eight 32-bit words become their columns.
inline void transpose(__m256 (&r)[8]) {
  __m256 pairs[8], quads[8];
  for (std::size_t i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (std::size_t i = 0; i < 8; i += 4) {
    quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    r[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
    r[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
  }
}

}  // namespace

void columns_f32(const float* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,
                 float* panel) noexcept {
  for (std::size_t first = 0; first < kPanelColumns; first += 8) {
    const float* from[8];
    for (std::size_t j = 0; j < 8; ++j) from[j] = first + j < count ? rows + ids[first + j] * stride : nullptr;
    for (std::size_t d = 0; d < width; d += 8) {
      __m256 r[8];
      for (std::size_t j = 0; j < 8; ++j) r[j] = from[j] != nullptr ? _mm256_loadu_ps(from[j] + d) : _mm256_setzero_ps();
      transpose(r);
      for (std::size_t j = 0; j < 8; ++j) _mm256_storeu_ps(panel + (d + j) * kPanelColumns + first, r[j]);
    }
  }
}

void transpose_f32(const float* in, std::size_t in_stride, std::size_t rows, std::size_t columns, float* out,
                   std::size_t out_stride) noexcept {
  const std::size_t whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
  for (std::size_t i = 0; i < whole_rows; i += 8) {
    for (std::size_t j = 0; j < whole_columns; j += 8) {
      __m256 r[8];
      for (std::size_t l = 0; l < 8; ++l) r[l] = _mm256_loadu_ps(in + (i + l) * in_stride + j);
      transpose(r);
      for (std::size_t l = 0; l < 8; ++l) _mm256_storeu_ps(out + (j + l) * out_stride + i, r[l]);
    }
  }
  scalar::transpose_f32(in + whole_columns, in_stride, whole_rows, columns - whole_columns, out + whole_columns * out_stride,
                        out_stride);
  scalar::transpose_f32(in + whole_rows * in_stride, in_stride, rows - whole_rows, columns, out + whole_rows, out_stride);
}

}  // namespace glissade::simd::avx2
