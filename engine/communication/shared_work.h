#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/result.h>

#include "engine/communication/byte_message.h"

namespace glissade {

/// Blocks of work that all ranks would do alike: each does some of them, and then all have what came of all. Alone, a rank does
/// everything. All ranks call the same functions in the same order. After an error the blocks of other ranks are empty, and
/// nothing travels any more.
class SharedWork {
 public:
  /// Null: alone. `ranks` must outlive it.
  explicit SharedWork(Communicator* ranks = nullptr) noexcept : ranks_(ranks) {}
  SharedWork(const SharedWork&) = delete;
  SharedWork& operator=(const SharedWork&) = delete;
  /// One that is alone.
  static SharedWork& alone() noexcept;

  std::uint64_t ranks() const noexcept { return ranks_ == nullptr ? 1 : static_cast<std::uint64_t>(ranks_->size()); }
  /// Of so many blocks in order those of this rank, first .. end - 1.
  struct Part {
    std::size_t first, end;
  };
  Part part(std::size_t count) const noexcept { return part_of(count, ranks_ == nullptr ? 0 : ranks_->rank()); }

  /// blocks[i] becomes, on all ranks, what the rank has that block i is part() of. for_each_array(block, use) calls use(array)
  /// for each vector of plain values that a block consists of.
  template <class Block, class ForEachArray>
  void exchange(std::vector<Block>& blocks, const ForEachArray& for_each_array);

  /// The same for an array, `block` values of which are a block; the last may be shorter.
  template <class T>
  void exchange(std::span<T> all, std::size_t block);

  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  Part part_of(std::size_t count, int rank) const noexcept;
  void exchange_bytes(std::span<std::byte> all, std::size_t block);

  Communicator* ranks_;
  std::optional<Error> error_;
  std::vector<std::byte> own_;
  std::vector<std::vector<std::byte>> heard_;  ///< own_ of each rank; both keep their memory from call to call
};

template <class T>
void SharedWork::exchange(std::span<T> all, std::size_t block) {
  exchange_bytes(std::as_writable_bytes(all), block * sizeof(T));
}

template <class Block, class ForEachArray>
void SharedWork::exchange(std::vector<Block>& blocks, const ForEachArray& for_each_array) {
  if (ranks_ == nullptr || ranks_->is_alone() || error_) return;
  own_.clear();
  const Part own = part(blocks.size());
  for (std::size_t i = own.first; i < own.end; ++i) {
    for_each_array(blocks[i], [&](auto& array) { put_array(own_, array); });
  }
  if (auto done = ranks_->all_gather_unknown(own_, heard_); !done) {
    error_ = done.error();
    return;
  }
  for (int rank = 0; rank < ranks_->size(); ++rank) {
    if (rank == ranks_->rank()) continue;
    ByteMessage heard(heard_[static_cast<std::size_t>(rank)]);
    const Part part = part_of(blocks.size(), rank);
    for (std::size_t i = part.first; i < part.end; ++i) {
      for_each_array(blocks[i], [&](auto& array) {
        array.clear();
        heard.append_to(array);
      });
    }
  }
}

}  // namespace glissade
