#include "simd/declare.h"

namespace glissade::simd::scalar {

void columns_f32(const float* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,
                 float* panel) noexcept {
  for (std::size_t d = 0; d < width; ++d) {
    for (std::size_t j = 0; j < kPanelColumns; ++j) panel[d * kPanelColumns + j] = j < count ? rows[ids[j] * stride + d] : 0.0f;
  }
}

void columns_bf16(const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,
                  std::uint16_t* panel) noexcept {
  for (std::size_t d = 0; d < width; ++d) {
    std::uint16_t* line = panel + d / 2 * 2 * kPanelColumns + d % 2;
    for (std::size_t j = 0; j < kPanelColumns; ++j) line[2 * j] = j < count ? rows[ids[j] * stride + d] : std::uint16_t{0};
  }
}

void pair_rows_bf16(const std::uint16_t* first, const std::uint16_t* second, std::size_t width, std::uint16_t* panels,
                    std::size_t panel_stride) noexcept {
  for (std::size_t j = 0; j < width; ++j) {
    std::uint16_t* pair = panels + j / kPanelColumns * panel_stride + j % kPanelColumns * 2;
    pair[0] = first[j];
    pair[1] = second != nullptr ? second[j] : std::uint16_t{0};
  }
}

void transpose_f32(const float* in, std::size_t in_stride, std::size_t rows, std::size_t columns, float* out,
                   std::size_t out_stride) noexcept {
  for (std::size_t j = 0; j < columns; ++j) {
    for (std::size_t i = 0; i < rows; ++i) out[j * out_stride + i] = in[i * in_stride + j];
  }
}

}  // namespace glissade::simd::scalar
