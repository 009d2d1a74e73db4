#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/dense/gemm.h"
#include "engine/parameters/array.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Rows of a layer, packed once per step into the panels that block products read (simd/kernel_list.h), in both roles that they
/// play: as the columns of a matrix (hidden x rows: logits = hidden vectors times it) and as its depth (rows x hidden: hidden
/// gradient = logit gradients times it). The number of rows is padded to kBlockDepth with rows of 0.
class RowPanels {
 public:
  /// Packs rows ids[0], ids[1], ... in parallel; `element` is what the panels hold (dense::element_for or
  /// dense::step_element_for).
  void take(const ParameterRows& rows, std::span<const std::uint32_t> ids, dense::Element element);

  /// The largest magnitude in the rows of the last take (NaN if one is in them); only if that was for f16.
  float largest() const noexcept { return largest_; }

  std::size_t padded_rows() const noexcept { return padded_; }
  std::size_t memory_bytes() const noexcept { return floats_.bytes() + halves_.bytes(); }

  /// C = start + A B, or C += A B without a start: A is m x stride (hidden vectors), C is m x padded_rows().
  void multiply_as_columns(const void* a, std::size_t a_stride, std::size_t m, const float* start, float* c,
                           std::size_t c_stride) const noexcept;
  /// C += factor * A B: A is m x padded_rows() (logit gradients), C is m x stride. See dense::multiply_panels for `factor`.
  void multiply_as_depth(const void* a, std::size_t a_stride, std::size_t m, float factor, float* c,
                         std::size_t c_stride) const noexcept;

 private:
  void pack_floats(const ParameterRows& rows, std::span<const std::uint32_t> ids, std::size_t first);
  /// Returns the largest magnitude, as bf16, for f16.
  std::uint16_t pack_halves(const ParameterRows& rows, std::span<const std::uint32_t> ids, std::size_t first);

  dense::Element element_ = dense::Element::f32;
  float largest_ = 0;
  std::size_t padded_ = 0;
  std::size_t stride_ = 0;  ///< of a row
  std::vector<std::uint16_t> block_largest_;
  Array<float> floats_;          ///< columns, then depth: padded_ * stride_ each
  Array<std::uint16_t> halves_;  ///< the same in 16 bits
};

}  // namespace glissade
