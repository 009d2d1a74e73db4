#include "engine/dense/row_panels.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "engine/dense/blocks.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

using simd::kBlockDepth;
using simd::kPanelColumns;

/// 0, 1, 2, ...: rows of a scratch matrix as ids.
constexpr std::array<std::uint32_t, kBlockDepth> kInOrder = [] {
  std::array<std::uint32_t, kBlockDepth> ids{};
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}();

}  // namespace

void RowPanels::take(const ParameterRows& rows, std::span<const std::uint32_t> ids, dense::Element element) {
  element_ = element;
  stride_ = rows.stride();
  padded_ = (ids.size() + kBlockDepth - 1) / kBlockDepth * kBlockDepth;
  const std::size_t blocks = padded_ / kBlockDepth;
  if (element == dense::Element::f32) {
    floats_.reserve_discard(2 * padded_ * stride_);
    tbb::parallel_for(std::size_t{0}, blocks, [&](std::size_t block) { pack_floats(rows, ids, block * kBlockDepth); });
    return;
  }
  halves_.reserve_discard(2 * padded_ * stride_);
  block_largest_.assign(blocks, 0);
  tbb::parallel_for(std::size_t{0}, blocks,
                    [&](std::size_t block) { block_largest_[block] = pack_halves(rows, ids, block * kBlockDepth); });
  const std::uint16_t bits = blocks == 0 ? std::uint16_t{0} : *std::ranges::max_element(block_largest_);
  simd::kernels().widen(&bits, &largest_, 1);
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
  dense::pack_panels(block.data(), stride_, kBlockDepth, stride_ / kPanelColumns, depth + first * kPanelColumns,
                     padded_ * kPanelColumns);
}

std::uint16_t RowPanels::pack_halves(const ParameterRows& rows, std::span<const std::uint32_t> ids, std::size_t first) {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t count = std::min(kBlockDepth, ids.size() - first);
  // f16 are copied side by side first, and so are compact rows.
  const bool is_f16 = element_ == dense::Element::f16, converted = is_f16 || rows.is_compact();
  static thread_local std::vector<std::uint16_t> block, spread, zeros;
  std::uint16_t largest = 0;
  if (converted) {
    block.assign(kBlockDepth * stride_, 0);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint16_t* const row = block.data() + i * stride_;
      if (!is_f16) {
        rows.read_halves(ids[first + i], row);
        continue;
      }
      spread.assign(stride_, 0);
      rows.read_halves(ids[first + i], spread.data());
      largest = std::max(largest, kernels.f16_of_bf16(spread.data(), row, stride_));
    }
  }
  const std::uint16_t* const from = converted ? block.data() : rows.high.data();
  const std::uint32_t* const which = converted ? kInOrder.data() : ids.data() + first;
  for (std::size_t i = 0; i < kBlockDepth; i += kPanelColumns) {
    const std::size_t columns = std::min(kPanelColumns, count - std::min(count, i));
    kernels.columns_bf16(from, stride_, which + i, columns, stride_, halves_.data() + (first + i) * stride_);
  }
  std::uint16_t* const depth = halves_.data() + padded_ * stride_;
  zeros.assign(stride_, 0);
  for (std::size_t i = 0; i < kBlockDepth; i += 2) {
    const auto row = [&](std::size_t j) { return j < count ? from + which[j] * stride_ : zeros.data(); };
    kernels.pair_rows_bf16(row(i), row(i + 1), stride_, depth + (first + i) * kPanelColumns, padded_ * kPanelColumns);
  }
  return largest;
}

void RowPanels::multiply_as_columns(const void* a, std::size_t a_stride, std::size_t m, const float* start, float* c,
                                    std::size_t c_stride) const noexcept {
  const void* panels = element_ == dense::Element::f32 ? static_cast<const void*>(floats_.data()) : halves_.data();
  dense::multiply_panels(element_, {a, a_stride}, m, stride_, {panels, stride_ * kPanelColumns}, padded_ / kPanelColumns, 1.f,
                         start, c, c_stride);
}

void RowPanels::multiply_as_depth(const void* a, std::size_t a_stride, std::size_t m, float factor, float* c,
                                  std::size_t c_stride) const noexcept {
  const std::size_t skip = padded_ * stride_;
  const void* panels = element_ == dense::Element::f32 ? static_cast<const void*>(floats_.data() + skip) : halves_.data() + skip;
  dense::multiply_panels(element_, {a, a_stride}, m, padded_, {panels, padded_ * kPanelColumns}, stride_ / kPanelColumns, factor,
                         nullptr, c, c_stride);
}

}  // namespace glissade
