#include "engine/layers/row_panels.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <vector>

#include "engine/dense/blocks.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

using simd::kBlockDepth;
using simd::kPanelColumns;

/// 0, 1, 2, ...: rows of a scratch matrix as ids.
constexpr std::array<std::uint32_t, kPanelColumns> kInOrder = [] {
  std::array<std::uint32_t, kPanelColumns> ids{};
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}();

}  // namespace

void RowPanels::take(const ParameterRows& rows, std::span<const std::uint32_t> ids, dense::Element element) {
  element_ = element;
  stride_ = rows.stride();
  padded_ = (ids.size() + kBlockDepth - 1) / kBlockDepth * kBlockDepth;
  if (element == dense::Element::bf16) {
    halves_.reserve_discard(2 * padded_ * stride_);
  } else {
    floats_.reserve_discard(2 * padded_ * stride_);
  }
  tbb::parallel_for(std::size_t{0}, padded_ / kBlockDepth, [&](std::size_t block) {
    if (element == dense::Element::bf16) {
      pack_halves(rows, ids, block * kBlockDepth);
    } else {
      pack_floats(rows, ids, block * kBlockDepth);
    }
  });
}

void RowPanels::pack_floats(const ParameterRows& rows, std::span<const std::uint32_t> ids, std::size_t first) {
  const simd::Kernels& kernels = simd::kernels();
  static thread_local std::vector<float> block;
  block.assign(kBlockDepth * stride_, 0.f);
  const std::size_t count = std::min(kBlockDepth, ids.size() - first);
  for (std::size_t i = 0; i < count; ++i) rows.read_forward(ids[first + i], block.data() + i * stride_);
  for (std::size_t i = 0; i < kBlockDepth; i += kPanelColumns) {
    kernels.columns_f32(block.data() + i * stride_, stride_, kInOrder.data(), kPanelColumns, stride_,
                        floats_.data() + (first + i) * stride_);
  }
  float* depth = floats_.data() + padded_ * stride_;
  for (std::size_t p = 0; p < stride_ / kPanelColumns; ++p) {
    float* panel = depth + (p * padded_ + first) * kPanelColumns;
    for (std::size_t i = 0; i < kBlockDepth; ++i) {
      std::memcpy(panel + i * kPanelColumns, block.data() + i * stride_ + p * kPanelColumns, kPanelColumns * sizeof(float));
    }
  }
}

void RowPanels::pack_halves(const ParameterRows& rows, std::span<const std::uint32_t> ids, std::size_t first) {
  const simd::Kernels& kernels = simd::kernels();
  const std::uint16_t* const high = rows.high.data();
  const std::size_t count = std::min(kBlockDepth, ids.size() - first);
  for (std::size_t i = 0; i < kBlockDepth; i += kPanelColumns) {
    const std::size_t columns = std::min(kPanelColumns, count - std::min(count, i));
    kernels.columns_bf16(high, stride_, ids.data() + first + i, columns, stride_, halves_.data() + (first + i) * stride_);
  }
  std::uint16_t* const depth = halves_.data() + padded_ * stride_;
  static thread_local std::vector<std::uint16_t> zeros;
  zeros.assign(stride_, 0);
  for (std::size_t i = 0; i < kBlockDepth; i += 2) {
    const auto row = [&](std::size_t j) { return j < count ? high + ids[first + j] * stride_ : zeros.data(); };
    kernels.pair_rows_bf16(row(i), row(i + 1), stride_, depth + (first + i) * kPanelColumns, padded_ * kPanelColumns);
  }
}

void RowPanels::multiply_as_columns(const void* a, std::size_t a_stride, std::size_t m, const float* start, float* c,
                                    std::size_t c_stride) const noexcept {
  const void* panels = element_ == dense::Element::bf16 ? static_cast<const void*>(halves_.data()) : floats_.data();
  dense::multiply_panels(element_, {a, a_stride}, m, stride_, {panels, stride_ * kPanelColumns}, padded_ / kPanelColumns, start,
                         c, c_stride);
}

void RowPanels::multiply_as_depth(const void* a, std::size_t a_stride, std::size_t m, float* c,
                                  std::size_t c_stride) const noexcept {
  const std::size_t skip = padded_ * stride_;
  const void* panels = element_ == dense::Element::bf16 ? static_cast<const void*>(halves_.data() + skip) : floats_.data() + skip;
  dense::multiply_panels(element_, {a, a_stride}, m, padded_, {panels, padded_ * kPanelColumns}, stride_ / kPanelColumns, nullptr,
                         c, c_stride);
}

}  // namespace glissade
