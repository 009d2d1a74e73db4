#pragma once

#include <cstddef>
#include <cstdint>

#include <glissade/config.h>

namespace glissade::dense {

/// What matrix products read.
enum class Element { f32, bf16, f16 };

/// bf16 where weights are stored in 16 bits and the active instruction set multiplies bf16 at a gain, else float: there bf16
/// operands are widened first, so the products are the same.
Element element_for(Storage storage) noexcept;

/// The same for products that block products of our own compute, in a step that watches the range of its numbers: f16 where that
/// is the fastest.
Element step_element_for(Storage storage) noexcept;

/// A matrix in somebody's memory: element (i, j) at i * row_stride + j * column_stride (one of them is 1).
struct Operand {
  const void* data;
  std::size_t row_stride;
  std::size_t column_stride;
};

/// C = A B, or C += A B: A is m x k, B is k x n, both of `element`, which is not f16; C is m x n floats, rows `c_stride` apart.
/// Runs oneDNN on the calling thread alone (parallelism is the caller's, over blocks), so the result depends on the shapes only.
/// Primitives are kept per thread and shape. False if oneDNN cannot (out of memory).
bool multiply(Element element, std::size_t m, std::size_t n, std::size_t k, Operand a, Operand b, float* c, std::size_t c_stride,
              bool accumulate) noexcept;

}  // namespace glissade::dense
