#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace glissade {

/// The pieces of a batch's gradients, label by label: where blocks of samples have gradients of a label's row. A counting sort by
/// ranges of labels, each by one thread. Keeps its memory from call to call.
class PieceGroups {
 public:
  struct Piece {
    std::uint32_t block, row;  ///< number of a row's gradient within the block
  };

  explicit PieceGroups(std::size_t labels) : ends_(labels, 0) {}

  /// label(block, row) of row = 0 .. rows(block) - 1, for block = 0 .. blocks - 1. In parallel, with as many ranges as threads.
  template <class Rows, class Label>
  void build(std::size_t blocks, const Rows& rows, const Label& label);

  /// visit(label, pieces) for each label that has pieces, these in order of the blocks and rows. In parallel.
  template <class Visit>
  void for_each(const Visit& visit) const;

 private:
  struct Range {
    std::vector<std::uint32_t> labels;  ///< as they come
    std::vector<std::uint32_t> begins;  ///< of each one's pieces, and the end
    std::vector<Piece> pieces;
  };

  std::vector<std::uint32_t> ends_;  ///< by label: 0 outside build()
  std::vector<Range> ranges_;
};

}  // namespace glissade

#include "engine/sparse_rows/piece_groups_build.h"
