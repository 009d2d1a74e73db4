#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/dense/gemm.h"
#include "engine/parameters/array.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// A few neighbouring rows of a layer, packed into the panels that block products read (simd/kernel_list.h), as the columns of a
/// matrix. On the calling thread alone, for one that multiplies them at once.
class ColumnPanels {
 public:
  /// Rows first .. first + count - 1; `element` as dense::element_for gives it.
  void take_range(const ParameterRows& rows, std::size_t first, std::size_t count, dense::Element element);

  /// count, rounded up: columns behind the rows are 0.
  std::size_t padded_rows() const noexcept { return padded_; }

  /// C = start + A B: A is m x stride (hidden vectors, of the element), `start` padded_rows() numbers, C is m x padded_rows().
  void multiply(const void* a, std::size_t a_stride, std::size_t m, const float* start, float* c,
                std::size_t c_stride) const noexcept;

 private:
  void take_compact(const ParameterRows& rows, std::size_t first, std::size_t columns, std::size_t at);

  dense::Element element_ = dense::Element::f32;
  std::size_t padded_ = 0;
  std::size_t stride_ = 0;  ///< of a row
  Array<float> floats_, wide_;
  Array<std::uint16_t> halves_;
  std::vector<std::uint16_t> spread_;  ///< compact rows as wide ones
};

}  // namespace glissade
