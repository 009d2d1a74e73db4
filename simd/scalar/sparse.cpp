#include "simd/declare.h"

namespace glissade::simd::scalar {

void sparse_dots(const float* x, const std::uint32_t* ids, const std::uint16_t* values, const std::uint64_t* offsets,
                 const std::uint32_t* rows, std::size_t count, float* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    float sum = 0;
    for (std::uint64_t j = offsets[rows[i]]; j < offsets[rows[i] + 1]; ++j) {
      sum += x[ids[j]] * __builtin_bit_cast(float, static_cast<std::uint32_t>(values[j]) << 16);
    }
    out[i] = sum;
  }
}

std::size_t sparse_matches(const float* x, const std::uint32_t* ids, std::size_t count, std::uint32_t* places) noexcept {
  std::size_t found = 0;
  for (std::size_t j = 0; j < count; ++j) {
    places[found] = static_cast<std::uint32_t>(j);
    found += x[ids[j]] != 0.f;
  }
  return found;
}

}  // namespace glissade::simd::scalar
