#pragma once

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/sparse_matrix.h"
#include "simd/kernels.h"

namespace glissade {

/// Some rows of a sparse matrix that is made block by block, one row after another.
struct RowBlock {
  std::vector<std::uint32_t> lengths, ids;
  std::vector<float> values;

  /// Calls use(array) for each (SharedWork::exchange).
  template <class Use>
  static void for_each_array(RowBlock& block, const Use& use) {
    use(block.lengths);
    use(block.ids);
    use(block.values);
  }
};

/// The matrix that has the rows of all blocks, in order. In parallel.
template <class Block>
SparseMatrix matrix_of_blocks(const std::vector<Block>& blocks) {
  std::vector<std::uint32_t> lengths;
  std::vector<std::uint64_t> begins;
  for (const Block& block : blocks) {
    begins.push_back(lengths.size());
    lengths.insert(lengths.end(), block.lengths.begin(), block.lengths.end());
  }
  SparseMatrix matrix = matrix_of(std::span<const std::uint32_t>(lengths));
  tbb::parallel_for(std::size_t{0}, blocks.size(), [&](std::size_t b) {
    const std::uint64_t at = matrix.offsets[begins[b]];
    std::ranges::copy(blocks[b].ids, matrix.ids.data() + at);
    simd::kernels().narrow_nearest(blocks[b].values.data(), matrix.values.data() + at, blocks[b].values.size());
  });
  return matrix;
}

}  // namespace glissade
