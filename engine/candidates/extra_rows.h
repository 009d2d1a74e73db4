#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace glissade {

/// A sparse row somewhere in memory, values in bf16.
struct SparseRowView {
  std::span<const std::uint32_t> ids;
  std::span<const std::uint16_t> values;
};

/// A sparse row of its own. Never changes once others can see it.
struct SparseRow {
  std::vector<std::uint32_t> ids;  ///< ascending
  std::vector<std::uint16_t> values;

  SparseRowView view() const noexcept { return {ids, values}; }
};

/// Rows that stand in the place of a matrix's, or behind its last one. Copies share the rows. Const members are thread-safe.
class ChangedRows {
 public:
  /// For rows 0 .. rows - 1, none of them changed.
  explicit ChangedRows(std::size_t rows = 0) : rows_(rows) {}

  bool empty() const noexcept { return rows_.empty(); }
  std::size_t rows() const noexcept { return rows_.size(); }
  void grow(std::size_t rows) { rows_.resize(rows); }
  void put(std::uint32_t row, std::shared_ptr<const SparseRow> as) noexcept { rows_[row] = std::move(as); }
  /// Null: the matrix has it as it is, or nobody has it.
  const SparseRow* find(std::uint32_t row) const noexcept { return row < rows_.size() ? rows_[row].get() : nullptr; }
  const std::shared_ptr<const SparseRow>& at(std::uint32_t row) const noexcept { return rows_[row]; }
  std::size_t memory_bytes() const noexcept { return rows_.size() * sizeof(rows_.front()); }

 private:
  std::vector<std::shared_ptr<const SparseRow>> rows_;
};

}  // namespace glissade
