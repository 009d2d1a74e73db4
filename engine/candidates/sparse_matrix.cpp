#include "engine/candidates/sparse_matrix.h"

namespace glissade {

SparseMatrix matrix_of(std::span<const std::uint32_t> lengths) {
  SparseMatrix matrix;
  matrix.offsets = Array<std::uint64_t>(lengths.size() + 1);
  std::uint64_t end = 0;
  for (std::size_t row = 0; row < lengths.size(); ++row) matrix.offsets[row + 1] = end += lengths[row];
  matrix.ids = Array<std::uint32_t>(end);
  matrix.values = Array<std::uint16_t>(end);
  return matrix;
}

}  // namespace glissade
