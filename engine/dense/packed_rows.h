#pragma once

#include <cstdint>
#include <span>

#include "engine/dense/gemm.h"
#include "engine/parameters/array.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Rows of a layer side by side, in the element type that matrix products read. Points straight into the parameters where these
/// already lie like that; otherwise copies (in parallel). Valid until the next call or the next update of the parameters.
class PackedRows {
 public:
  /// Rows first .. first + count - 1.
  void take_range(const ParameterRows& rows, std::size_t first, std::size_t count, dense::Element element);
  /// Rows ids[0], ids[1], ...
  void take(const ParameterRows& rows, std::span<const std::uint32_t> ids, dense::Element element);

  /// As a matrix with one row per packed row, from row `first` on.
  dense::Operand operand(std::size_t first = 0) const noexcept { return {at(first), stride_, 1}; }
  /// The same matrix transposed.
  dense::Operand transposed(std::size_t first = 0) const noexcept { return {at(first), 1, stride_}; }

 private:
  const void* at(std::size_t row) const noexcept;

  const void* data_ = nullptr;
  std::size_t stride_ = 0;
  dense::Element element_ = dense::Element::f32;
  Array<float> floats_;
  Array<std::uint16_t> halves_;
};

}  // namespace glissade
