#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/result.h>

#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Gradients of rows, kept back until all batches that share a step have added theirs, or until the length of all of them
/// together is known: for `accumulate`, `parts` and `clip-norm`, and where ranks share a step. Without these a row is updated as
/// soon as its gradient is there, and no gradient is ever stored.
///
/// Address space for every row's gradient is taken once; memory only for as many rows as a step touches.
class GradientStore {
 public:
  /// Throws std::bad_alloc.
  explicit GradientStore(const std::vector<ParameterRows*>& blocks);

  /// Adds share * gradient (rows.width() floats) to what there is for the row. `rows` is one of the blocks. Safe from many
  /// threads for different rows; what comes for one row must come in a fixed order.
  void add(const ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient, float share) noexcept;

  /// Length of all gradients as one vector, biases included: the same for any number of threads.
  double norm() const;
  /// The square of norm() by blocks, in the order of the constructor.
  std::vector<double> squares() const;

  /// Calls update(rows, row, gradient, bias_gradient, steps), once for each row that has a gradient, in parallel, and forgets
  /// them. The gradient is multiplied by `scale`, and is the mean over so many steps where it waited: 1 unless put() said more.
  using Update = std::function<void(ParameterRows&, std::size_t, const float*, float, std::uint32_t)>;
  void flush(float scale, const Update& update);

  /// Of each block the number of rows that have a gradient.
  std::vector<std::uint64_t> counts() const;
  /// Bytes of what pack() writes where there are so many rows.
  std::size_t packed_bytes(std::span<const std::uint64_t> counts, Wire wire) const noexcept;
  /// Writes all gradients to `out`, for another rank, and forgets them: of each block the numbers of its rows, in no certain
  /// order, their bias gradients if it has biases, their gradients, which `wire` may round.
  void pack(Wire wire, std::byte* out);
  /// Adds what pack() wrote on a rank that has such blocks. Runtime error if a row is none of these.
  Result<void> add_packed(std::span<const std::uint64_t> counts, Wire wire, const std::byte* in);

  std::size_t blocks() const noexcept { return blocks_.size(); }
  const ParameterRows& rows_of(std::size_t block) const noexcept { return blocks_[block]->rows; }
  /// Adds all gradients to those of `other`, a store of the same blocks, and forgets them.
  void pour_into(GradientStore& other);
  /// A row that has a gradient, the sum of that one's magnitudes, the bias's included, and how many times some was poured in.
  struct Weight {
    std::uint32_t block, row;
    float l1;
    std::uint32_t steps;
  };
  /// All rows of a store that is filled by pour_into() alone, in no certain order.
  std::vector<Weight> weights() const;
  /// Moves the gradient of a row to `out`, rows_of(block).width() values and the bias's; zeros where it has none. Safe from many
  /// threads for different rows. Nothing else may be called until end_of_takes().
  void take(std::size_t block, std::size_t row, float* out) noexcept;
  void end_of_takes() noexcept;
  /// Adds what take() gave, the sum over `steps` steps.
  void put(const Weight& row, const float* taken) noexcept;

  /// Rows of `rows` that have a gradient.
  std::size_t used_rows(const ParameterRows& rows) const noexcept { return block_of(rows).count; }

 private:
  struct Block {
    explicit Block(ParameterRows& of);
    ParameterRows& rows;
    Array<std::uint32_t> place_of;  ///< by row: its place + 1, 0 = it has no gradient
    Array<std::uint32_t> row_of;    ///< by place
    Array<float> gradients;         ///< by place, a row's stride each
    Array<float> bias_gradients;
    Array<float> l1;             ///< by place, of what was poured in
    Array<std::uint32_t> steps;  ///< by place, likewise
    std::atomic<std::uint32_t> count{0};
  };
  /// Where the parts of a block lie in what pack() writes, in bytes from the begin of the block.
  struct Places {
    std::size_t biases, gradients, end;
  };
  static Places places_of(const Block& block, std::uint64_t count, Wire wire) noexcept;
  const Block& block_of(const ParameterRows& rows) const noexcept;
  static void add(Block& block, std::size_t row, const float* gradient, float bias_gradient, float share) noexcept;

  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace glissade
