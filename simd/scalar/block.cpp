#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

float value_of(float x) { return x; }
float value_of(std::uint16_t x) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(x) << 16); }

float value_of_f16(std::uint16_t x) {
  constexpr std::uint32_t kInfinite = 0x7c00;
  // The exponent's bias is 112 less than a float's; multiplying makes up for that in subnormal numbers, too.
  const auto sign = static_cast<std::uint32_t>(x & 0x8000u) << 16, magnitude = static_cast<std::uint32_t>(x & 0x7fffu) << 13;
  if ((x & kInfinite) == kInfinite) return __builtin_bit_cast(float, sign | magnitude | 0x7f800000u);
  return __builtin_bit_cast(float, sign | __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) * 0x1p112f));
}

// Elements of one column that lie side by side in a panel.
template <class T>
constexpr std::size_t kGroup = sizeof(float) / sizeof(T);

template <class T>
void block(const T* a, std::size_t a_stride, std::size_t m, std::size_t k, const T* panels, std::size_t panel_stride,
           std::size_t panel_count, const float* start, float* c, std::size_t c_stride) {
  for (std::size_t p = 0; p < panel_count; ++p) {
    const T* panel = panels + p * panel_stride;
    for (std::size_t i = 0; i < m; ++i) {
      float sums[kPanelColumns];
      const float* from = start != nullptr ? start + p * kPanelColumns : c + i * c_stride + p * kPanelColumns;
      for (std::size_t j = 0; j < kPanelColumns; ++j) sums[j] = from[j];
      for (std::size_t d = 0; d < k; ++d) {
        const T* line = panel + d / kGroup<T> * kGroup<T> * kPanelColumns + d % kGroup<T>;
        const float x = value_of(a[i * a_stride + d]);
        for (std::size_t j = 0; j < kPanelColumns; ++j) sums[j] += x * value_of(line[j * kGroup<T>]);
      }
      for (std::size_t j = 0; j < kPanelColumns; ++j) c[i * c_stride + p * kPanelColumns + j] = sums[j];
    }
  }
}

}  // namespace

void block_f32(const float* a, std::size_t a_stride, std::size_t m, std::size_t k, const float* panels, std::size_t panel_stride,
               std::size_t panel_count, const float* start, float* c, std::size_t c_stride) noexcept {
  block(a, a_stride, m, k, panels, panel_stride, panel_count, start, c, c_stride);
}

void block_bf16(const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panels,
                std::size_t panel_stride, std::size_t panel_count, const float* start, float* c, std::size_t c_stride) noexcept {
  block(a, a_stride, m, k, panels, panel_stride, panel_count, start, c, c_stride);
}

void block_f16(const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panels,
               std::size_t panel_stride, std::size_t panel_count, float factor, const float* start, float* c,
               std::size_t c_stride) noexcept {
  for (std::size_t p = 0; p < panel_count; ++p) {
    for (std::size_t i = 0; i < m; ++i) {
      float sums[kPanelColumns] = {};
      for (std::size_t d = 0; d < k; ++d) {
        const std::uint16_t* line = panels + p * panel_stride + d / 2 * 2 * kPanelColumns + d % 2;
        const float x = value_of_f16(a[i * a_stride + d]);
        for (std::size_t j = 0; j < kPanelColumns; ++j) sums[j] += x * value_of_f16(line[2 * j]);
      }
      float* to = c + i * c_stride + p * kPanelColumns;
      const float* from = start != nullptr ? start + p * kPanelColumns : to;
      for (std::size_t j = 0; j < kPanelColumns; ++j) to[j] = from[j] + factor * sums[j];
    }
  }
}

}  // namespace glissade::simd::scalar
