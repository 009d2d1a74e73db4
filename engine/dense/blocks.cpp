#include "engine/dense/blocks.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "simd/kernels.h"

namespace glissade::dense {
namespace {

/// Bytes of a panel per step: half of the smallest first-level cache that there is (32 KiB).
constexpr std::size_t kPanelBytes = 16 * 1024;

template <class T, class Block>
void in_steps(Block block, Strided a, std::size_t m, std::size_t k, Strided panels, std::size_t panel_count, const float* start,
              float* c, std::size_t c_stride) noexcept {
  constexpr std::size_t kStep = kPanelBytes / (simd::kPanelColumns * sizeof(T));
  static_assert(kStep % simd::kBlockDepth == 0 && kStep % simd::kHalfDepth == 0);
  const T* const rows = static_cast<const T*>(a.data);
  const T* const columns = static_cast<const T*>(panels.data);
  for (std::size_t d = 0; d < k; d += kStep) {
    block(rows + d, a.stride, m, std::min(kStep, k - d), columns + d * simd::kPanelColumns, panels.stride, panel_count,
          d == 0 ? start : nullptr, c, c_stride);
  }
}

}  // namespace

void multiply_panels(Element element, Strided a, std::size_t m, std::size_t k, Strided panels, std::size_t panel_count,
                     float factor, const float* start, float* c, std::size_t c_stride) noexcept {
  const simd::Kernels& kernels = simd::kernels();
  assert(element == Element::f16 || factor == 1.f);
  if (element == Element::f16) {
    const auto scaled = [&](const std::uint16_t* rows, std::size_t a_stride, std::size_t height, std::size_t depth,
                            const std::uint16_t* columns, std::size_t panel_stride, std::size_t count, const float* from,
                            float* to, std::size_t to_stride) {
      kernels.block_f16(rows, a_stride, height, depth, columns, panel_stride, count, factor, from, to, to_stride);
    };
    in_steps<std::uint16_t>(scaled, a, m, k, panels, panel_count, start, c, c_stride);
  } else if (element == Element::bf16) {
    in_steps<std::uint16_t>(kernels.block_bf16, a, m, k, panels, panel_count, start, c, c_stride);
  } else {
    in_steps<float>(kernels.block_f32, a, m, k, panels, panel_count, start, c, c_stride);
  }
}

void pack_panels(const float* matrix, std::size_t stride, std::size_t rows, std::size_t panel_count, float* panels,
                 std::size_t panel_stride) noexcept {
  constexpr std::size_t kColumns = simd::kPanelColumns;
  for (std::size_t p = 0; p < panel_count; ++p) {
    for (std::size_t i = 0; i < rows; ++i)
      std::memcpy(panels + p * panel_stride + i * kColumns, matrix + i * stride + p * kColumns, kColumns * sizeof(float));
  }
}

}  // namespace glissade::dense
