#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

float widened(std::uint16_t half) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(half) << 16); }
float widened(float value) { return value; }

template <class T>
void bag(const T* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count, std::size_t width,
         float* out) {
  for (std::size_t d = 0; d < width; ++d) out[d] = 0.0f;
  for (std::size_t i = 0; i < count; ++i) {
    const T* row = rows + ids[i] * stride;
    for (std::size_t d = 0; d < width; ++d) out[d] += weights[i] * widened(row[d]);
  }
}

}  // namespace

void bag_f32(const float* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,
             std::size_t width, float* out) noexcept {
  bag(rows, stride, ids, weights, count, width, out);
}

void bag_bf16(const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,
              std::size_t width, float* out) noexcept {
  bag(rows, stride, ids, weights, count, width, out);
}

}  // namespace glissade::simd::scalar
