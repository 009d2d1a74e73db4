#include "simd/declare.h"

namespace glissade::simd::scalar {

void pair_dots_f32(const float* const* a, std::size_t m, const float* const* b, std::size_t n, std::size_t width,
                   float* out) noexcept {
  constexpr std::size_t kPartial = 8;  // see dots.cpp
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      float partial[kPartial] = {};
      for (std::size_t d = 0; d < width; ++d) partial[d % kPartial] += a[i][d] * b[j][d];
      out[i * n + j] =
          ((partial[0] + partial[4]) + (partial[1] + partial[5])) + ((partial[2] + partial[6]) + (partial[3] + partial[7]));
    }
  }
}

void pair_update_f32(float* const* a, std::size_t m, float* const* b, std::size_t n, std::size_t width, const float* g) noexcept {
  for (std::size_t d = 0; d < width; ++d) {
    float sums[kPairColumns];
    for (std::size_t j = 0; j < n; ++j) sums[j] = b[j][d];
    for (std::size_t i = 0; i < m; ++i) {
      const float before = a[i][d];
      float after = before;
      for (std::size_t j = 0; j < n; ++j) {
        after += g[i * n + j] * b[j][d];
        sums[j] += g[i * n + j] * before;
      }
      a[i][d] = after;
    }
    for (std::size_t j = 0; j < n; ++j) b[j][d] = sums[j];
  }
}

}  // namespace glissade::simd::scalar
