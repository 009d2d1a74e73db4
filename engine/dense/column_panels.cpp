#include "engine/dense/column_panels.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <numeric>

#include "engine/dense/blocks.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kColumns = simd::kPanelColumns;

constexpr std::array<std::uint32_t, kColumns> kNeighbours = [] {
  std::array<std::uint32_t, kColumns> ids{};
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}();

}  // namespace

void ColumnPanels::take_range(const ParameterRows& rows, std::size_t first, std::size_t count, dense::Element element) {
  assert(element != dense::Element::f16);
  const simd::Kernels& kernels = simd::kernels();
  element_ = element;
  stride_ = rows.stride();
  padded_ = (count + kColumns - 1) / kColumns * kColumns;
  if (element == dense::Element::bf16) {
    halves_.reserve_discard(padded_ * stride_);
  } else {
    floats_.reserve_discard(padded_ * stride_);
    wide_.reserve_discard(kColumns * stride_);
  }
  if (rows.is_compact()) {
    spread_.assign(kColumns * stride_, 0);
    std::fill_n(wide_.data(), wide_.size(), 0.f);
  }
  for (std::size_t i = 0; i < count; i += kColumns) {
    const std::size_t columns = std::min(kColumns, count - i), begin = (first + i) * stride_;
    if (rows.is_compact()) {
      take_compact(rows, first + i, columns, i);
      continue;
    }
    if (element == dense::Element::bf16) {
      kernels.columns_bf16(rows.high.data() + begin, stride_, kNeighbours.data(), columns, stride_, halves_.data() + i * stride_);
      continue;
    }
    const bool narrow = rows.storage() != Storage::fp32;
    if (narrow) kernels.widen(rows.high.data() + begin, wide_.data(), columns * stride_);
    kernels.columns_f32(narrow ? wide_.data() : rows.weights.data() + begin, stride_, kNeighbours.data(), columns, stride_,
                        floats_.data() + i * stride_);
  }
}

void ColumnPanels::take_compact(const ParameterRows& rows, std::size_t first, std::size_t columns, std::size_t at) {
  const simd::Kernels& kernels = simd::kernels();
  for (std::size_t j = 0; j < columns; ++j) {
    if (element_ == dense::Element::bf16) {
      rows.read_halves(first + j, spread_.data() + j * stride_);
    } else {
      rows.read_forward(first + j, wide_.data() + j * stride_);
    }
  }
  if (element_ == dense::Element::bf16) {
    kernels.columns_bf16(spread_.data(), stride_, kNeighbours.data(), columns, stride_, halves_.data() + at * stride_);
  } else {
    kernels.columns_f32(wide_.data(), stride_, kNeighbours.data(), columns, stride_, floats_.data() + at * stride_);
  }
}

void ColumnPanels::multiply(const void* a, std::size_t a_stride, std::size_t m, const float* start, float* c,
                            std::size_t c_stride) const noexcept {
  const void* panels = element_ == dense::Element::f32 ? static_cast<const void*>(floats_.data()) : halves_.data();
  dense::multiply_panels(element_, {a, a_stride}, m, stride_, {panels, stride_ * kColumns}, padded_ / kColumns, 1.f, start, c,
                         c_stride);
}

}  // namespace glissade
