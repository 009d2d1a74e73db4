#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

// Independent partial sums: the order of a plain sum would chain every addition to the one before.
constexpr std::size_t kPartial = 8;

float widened(std::uint16_t half) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(half) << 16); }
float widened(float value) { return value; }

template <class T>
float dot(const T* a, const T* b, std::size_t width) {
  float partial[kPartial] = {};
  std::size_t d = 0;
  for (; d + kPartial <= width; d += kPartial) {
    for (std::size_t j = 0; j < kPartial; ++j) partial[j] += widened(a[d + j]) * widened(b[d + j]);
  }
  for (; d < width; ++d) partial[d % kPartial] += widened(a[d]) * widened(b[d]);
  return ((partial[0] + partial[4]) + (partial[1] + partial[5])) + ((partial[2] + partial[6]) + (partial[3] + partial[7]));
}

template <class T>
void dots(const T* x, const T* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,
          float* out) {
  constexpr std::size_t kAhead = 4;
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) __builtin_prefetch(rows + ids[i + kAhead] * stride);
    out[i] = dot(x, rows + ids[i] * stride, width);
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
  for (std::size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

}  // namespace glissade::simd::scalar
