#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/communication/row_owners.h"
#include "engine/model/shard_files.h"
#include "engine/model_file/container.h"
#include "engine/parameters/array.h"

namespace glissade {

/// Rows of different lengths in the files of a model: row r lies in file r % n. In each file one section says where the entries
/// of its rows begin, and others hold the entries.
class RaggedRows {
 public:
  /// Rows whose entries begin where the section (kind, index) says. None if the files do not have `rows` rows together, or if the
  /// entries of one do not ascend from 0. The files must outlive the result.
  static std::optional<RaggedRows> of(const RowFiles& files, model_file::SectionKind kind, std::uint32_t index, std::size_t rows);

  std::size_t rows() const noexcept { return rows_; }
  std::uint64_t entries() const noexcept { return entries_; }
  /// Whether the section has `entry_bytes` for each entry, in every file. Only then its entries may be copied.
  bool fits(model_file::SectionKind kind, std::uint32_t index, std::size_t entry_bytes) const noexcept;

  /// Where the entries of the rows of `owners` begin when only these are kept, and where the last ones end.
  Array<std::uint64_t> begins_of(const RowOwners& owners) const;
  /// Copies the entries of these rows.
  void copy(model_file::SectionKind kind, std::uint32_t index, std::size_t entry_bytes, const RowOwners& owners,
            std::byte* out) const;

  /// Bytes of what begins_of() is for all rows, from byte `offset` on.
  void copy_begin_bytes(std::uint64_t offset, std::span<std::byte> out) const noexcept;
  /// Bytes of the entries of all rows, from byte `offset` on.
  void copy_entry_bytes(model_file::SectionKind kind, std::uint32_t index, std::size_t entry_bytes, std::uint64_t offset,
                        std::span<std::byte> out) const;

 private:
  /// Every so many rows it is known how many entries lie before. It takes little memory, and few rows are walked to any entry.
  static constexpr std::size_t kStride = 1024;

  explicit RaggedRows(const RowFiles& files) noexcept : files_(&files) {}
  std::uint64_t begin(std::size_t row) const noexcept { return begins_[row % begins_.size()][row / begins_.size()]; }
  std::uint64_t length(std::size_t row) const noexcept {
    return begins_[row % begins_.size()][row / begins_.size() + 1] - begin(row);
  }

  std::vector<const std::byte*> entries_in_files(model_file::SectionKind kind, std::uint32_t index) const;

  const RowFiles* files_;
  std::size_t rows_ = 0;
  std::uint64_t entries_ = 0;
  std::vector<std::span<const std::uint64_t>> begins_;  ///< by file
  std::vector<std::uint64_t> before_;                   ///< [row / kStride]: entries before the row, of those in all files
};

}  // namespace glissade
