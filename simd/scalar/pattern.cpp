#include "simd/declare.h"

namespace glissade::simd::scalar {

void pattern_logits_f32(const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                        const float* x, std::size_t x_stride, std::size_t samples, const float* start, float* out,
                        std::size_t out_stride) noexcept {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t s = 0; s < samples; ++s) {
      float sum = start[r];
      for (std::size_t d = 0; d < count; ++d) sum += w[r * w_stride + d] * x[ids[d] * x_stride + s];
      out[r * out_stride + s] = sum;
    }
  }
}

void pattern_inputs_f32(const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                        const float* g, std::size_t g_stride, std::size_t samples, float* dx, std::size_t x_stride) noexcept {
  for (std::size_t d = 0; d < count; ++d) {
    for (std::size_t s = 0; s < samples; ++s) {
      float sum = dx[ids[d] * x_stride + s];
      for (std::size_t r = 0; r < rows; ++r) sum += w[r * w_stride + d] * g[r * g_stride + s];
      dx[ids[d] * x_stride + s] = sum;
    }
  }
}

void pattern_weights_f32(const float* g, std::size_t g_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count,
                         const float* x, std::size_t x_stride, std::size_t samples, float* dw, std::size_t dw_stride) noexcept {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t d = 0; d < count; ++d) {
      float sum = 0;
      for (std::size_t s = 0; s < samples; ++s) sum += g[r * g_stride + s] * x[ids[d] * x_stride + s];
      dw[r * dw_stride + d] = sum;
    }
  }
}

void pattern_panels_bf16(const std::uint16_t* x, std::size_t x_stride, const std::uint16_t* ids, std::size_t count,
                         std::size_t samples, std::uint16_t* panels, std::size_t panel_stride) noexcept {
  for (std::size_t d = 0; d < count; ++d) {
    for (std::size_t s = 0; s < samples; ++s) {
      std::uint16_t* const panel = panels + s / kPanelColumns * panel_stride;
      panel[(d / 2 * kPanelColumns + s % kPanelColumns) * 2 + d % 2] = x[ids[d] * x_stride + s];
    }
  }
}

}  // namespace glissade::simd::scalar
