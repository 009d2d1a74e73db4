#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <glissade/pipeline.h>

namespace glissade {

/// Mean and variance of what one column had in one block (Chan, Golub, LeVeque 1979).
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void add(double value) noexcept {
    count += 1;
    const double step = value - mean;
    mean += step / count;
    squares += step * (value - mean);
  }
  void add(const Moments& other) noexcept {
    if (other.count == 0) return;
    const double all = count + other.count, step = other.mean - mean;
    squares += other.squares + step * step * count * other.count / all;
    mean += step * other.count / all;
    count = all;
  }
};

/// The rows of one block of records: ids and values, and columns of numbers as they are until all rows are known.
struct RowBlock {
  struct Number {
    std::uint32_t row, column;
    double value;
  };
  std::vector<std::uint32_t> ends;
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
  std::vector<Number> numbers;
};

/// The rows of blocks, each in memory or in a store. Functions are thread-safe for different blocks.
class RowBlocks final : public StoredRows {
 public:
  /// `store`: null keeps all in memory.
  RowBlocks(std::size_t blocks, RowStore* store) : places_(blocks), store_(store) {}

  /// Gives a block to the store, if that takes it; else it stays here, without room that it does not use.
  Result<void> put(std::size_t block, RowBlock rows);
  /// A block back, to be put again.
  Result<RowBlock> take(std::size_t block);

  /// Whether any block lies in the store.
  bool any_stored() const noexcept;
  /// Blocks of rows one after the other; none may lie in the store. The blocks are gone then.
  void join(PipelineRows& rows) &&;

  std::size_t blocks() const noexcept override { return places_.size(); }
  Result<void> ends(std::size_t block, std::vector<std::uint32_t>& out) const override;
  Result<void> ids(std::size_t block, std::vector<std::uint32_t>& out) const override;
  Result<void> values(std::size_t block, std::vector<float>& out) const override;

 private:
  struct Place {
    RowBlock rows;  ///< in memory
    std::size_t ends = 0, ids = 0, numbers = 0;
    bool is_asked = false, is_stored = false;
  };
  template <class T>
  Result<void> read(std::size_t block, std::uint64_t begin, std::size_t count, std::vector<T>& out) const;

  std::vector<Place> places_;
  RowStore* store_;
};

}  // namespace glissade
