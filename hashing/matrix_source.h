#pragma once

#include <cstddef>
#include <cstdint>

#include "hashing/family.h"

namespace glissade::hashing {

/// A VectorSource over somebody's row-major floats, [rows x stride]; `biases` (one per row, or null) are appended to the rows
/// as one more dimension. Owns nothing.
class MatrixSource final : public VectorSource {
 public:
  MatrixSource(const float* values, std::size_t stride, std::size_t width, std::uint32_t rows, const float* biases = nullptr)
      : values_(values), stride_(stride), width_(width), rows_(rows), biases_(biases) {}
  std::uint32_t count() const noexcept override { return rows_; }
  void load(std::span<const std::uint32_t> ids, float* block) const noexcept override;

 private:
  const float* values_;
  std::size_t stride_;
  std::size_t width_;
  std::uint32_t rows_;
  const float* biases_;
};

}  // namespace glissade::hashing
