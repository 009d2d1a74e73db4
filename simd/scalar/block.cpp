#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

float value_of(float x) { return x; }
float value_of(std::uint16_t x) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(x) << 16); }

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

}  // namespace glissade::simd::scalar
