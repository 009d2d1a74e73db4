#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <glissade/result.h>

#include "engine/model/impl.h"
#include "engine/model_file/container.h"

namespace glissade {

/// The files that have the rows of features and labels of a model: one that has all, or the shards that it names.
class RowFiles {
 public:
  /// What `file`, which must outlive it, says of them. A shard of another number of ranks needs all files, one of the same
  /// number its own; these are opened and checked. Runtime error if one is missing, damaged, or of another model.
  static Result<RowFiles> open(const model_file::Reader& file, const RowOwners& owners,
                               bool (*wanted)(model_file::SectionKind) = nullptr);

  /// `file`, which must outlive it, as the one that has all rows.
  static RowFiles whole(const model_file::Reader& file, const RowOwners& owners);

  /// Whether the rows lie in files of their own.
  bool are_apart() const noexcept { return !shards_.empty(); }
  /// Whether one file has the rows of `owners` as they are to lie in memory, and which.
  const model_file::Reader* exact() const noexcept { return exact_; }

  /// Whether the section has `row_bytes` for each row in all files, `rows` in all. On success `copy()` may be called.
  bool fits(model_file::SectionKind kind, std::uint32_t index, std::size_t rows, std::size_t row_bytes) const noexcept;
  /// Copies the rows `first`, first + every, ... of all to `out`, `count` of them.
  void copy(model_file::SectionKind kind, std::uint32_t index, std::size_t row_bytes, std::size_t first, std::size_t every,
            std::size_t count, std::byte* out) const noexcept;
  /// The same for bytes of all rows, one behind the other, from `offset` on.
  void copy_bytes(model_file::SectionKind kind, std::uint32_t index, std::size_t row_bytes, std::uint64_t offset,
                  std::span<std::byte> out) const noexcept;
  /// Those that are open: row r lies in number r % n. Where there is an exact() one, it is the only one.
  std::span<const model_file::Reader* const> files() const noexcept { return files_; }
  /// Whether one of them has the section.
  bool have(model_file::SectionKind kind, std::uint32_t index) const noexcept;
  /// The first file: what sections there are, and how many of `rows` rows it has.
  const model_file::Reader& first() const noexcept { return *files_.front(); }
  std::size_t rows_of_first(std::size_t rows) const noexcept {
    return RowOwners{0, static_cast<std::uint32_t>(files_.size())}.count(rows);
  }

 private:
  std::vector<std::unique_ptr<model_file::Reader>> shards_;
  std::vector<const model_file::Reader*> files_;  ///< row r lies in files_[r % size]; null: not opened
  const model_file::Reader* exact_ = nullptr;
};

/// What the name of a rank's file begins with.
std::string shard_stem(const std::string& path, const RowOwners& owners);

/// Whether the rows of the layer are shared out: those of features and of labels are.
inline bool is_shared_out(std::uint32_t index, const Network& network) noexcept {
  return index == 0 || index == 2 + network.dense.size();
}

/// What Model::save() does for a shard, on all ranks at once. Rank 0 returns what became of all; an error on another rank is one
/// of the communication.
Result<void> save_shards(Model::Impl& impl, const std::string& path, bool with_training_state);

}  // namespace glissade
