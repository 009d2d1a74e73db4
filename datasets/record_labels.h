#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/result.h>

#include "datasets/row_spill.h"
#include "hashing/word_table.h"

namespace glissade::datasets {

/// The labels of one block of records, numbered as they come. Labels are trimmed; empty ones are none, and a record has each
/// once.
class BlockLabels {
 public:
  BlockLabels() = default;
  BlockLabels(BlockLabels&&) = default;  // a copy's names would lie elsewhere
  BlockLabels& operator=(BlockLabels&&) = default;

  /// The labels of the next record. `separator`: what stands between the labels of one text; "" = a text is one label.
  void add(std::span<const std::string_view> texts, std::string_view separator);

  const std::vector<std::string_view>& names() const noexcept { return table_.words(); }
  const std::vector<std::uint32_t>& ids() const noexcept { return ids_; }
  const std::vector<std::uint32_t>& ends() const noexcept { return ends_; }

 private:
  void take(std::string_view text, std::size_t begin);

  std::deque<std::string> names_;  // stay where they are
  hashing::WordTable table_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint32_t> ends_;
};

/// The labels of records as numbers, in blocks of records, of which those beyond memory lie in a spill. Functions are thread-safe
/// for different blocks.
class LabelRows {
 public:
  /// `spill` has the blocks from number `first` on, and outlives this.
  LabelRows(std::size_t blocks, RowSpill& spill, std::size_t first) : blocks_(blocks), spill_(spill), first_(first) {}

  /// `numbers`: of each name of the block; kNone: unknown, which gets a number behind the `known`, counted anew in each record.
  Result<void> put(std::size_t block, const BlockLabels& labels, std::span<const std::uint32_t> numbers, std::uint32_t known);

  std::size_t blocks() const noexcept { return blocks_.size(); }
  Result<void> ends(std::size_t block, std::vector<std::uint32_t>& out) const;
  Result<void> ids(std::size_t block, std::vector<std::uint32_t>& out) const;

  bool any_stored() const noexcept;
  std::uint64_t labels() const noexcept { return labels_; }
  std::uint64_t unknown() const noexcept { return unknown_; }
  /// Numbers of unknown labels reach so far behind those that are known.
  std::uint32_t most_unknown() const noexcept { return most_unknown_; }

 private:
  struct Block {
    std::vector<std::uint32_t> ends, ids;  ///< in memory
    std::size_t rows = 0, labels = 0;
    bool is_stored = false;
  };
  Result<void> read(std::size_t number, const std::vector<std::uint32_t>& in_memory, std::size_t begin, std::size_t count,
                    std::vector<std::uint32_t>& out) const;

  std::vector<Block> blocks_;
  RowSpill& spill_;
  std::size_t first_;
  std::atomic<std::uint64_t> labels_ = 0, unknown_ = 0;
  std::atomic<std::uint32_t> most_unknown_ = 0;
};

}  // namespace glissade::datasets
