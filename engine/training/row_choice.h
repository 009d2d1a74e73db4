#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/parameters/array.h"
#include "engine/parameters/gradient_store.h"

namespace glissade {

/// Which rows' gradients travel: those that weigh most, by the sum of all ranks' L1 norms (coarse-grained sparse communication
/// of GradientFlow, Sun et al. 2019; a chunk is a row). A function of what all ranks know, so all choose alike.
class RowChoice {
 public:
  /// Throws std::bad_alloc.
  explicit RowChoice(const std::vector<ParameterRows*>& blocks);

  using Row = GradientStore::Weight;

  /// Of a rank's rows those that it may propose: the `count` heaviest. Changes the order of `rows`.
  static std::span<const Row> heaviest(std::vector<Row>& rows, std::size_t count);
  /// Adds what a rank proposes. In the order of the ranks.
  void add(std::span<const Row> rows);
  /// Of the rows that were added the `count` heaviest, by block and row; forgets all.
  std::vector<Row> choose(std::size_t count);
  /// All rows of all blocks.
  std::vector<Row> all_rows() const;

 private:
  std::vector<std::size_t> rows_;               ///< by block
  std::vector<Array<std::uint32_t>> place_of_;  ///< by block and row: place in proposed_ + 1, 0 = none
  std::vector<Row> proposed_;
};

}  // namespace glissade
