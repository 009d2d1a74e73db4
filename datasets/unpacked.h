#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "datasets/memory.h"
#include "datasets/spill_place.h"

namespace glissade::datasets {

/// The growing output of a decompressor or of a stream. It grows by doubling, and never past the memory that is available: a
/// small file that unpacks to an absurd size is refused in one line. Beyond place.memory it goes to a file without a name in
/// place.folder and grows there, as far as the disk has room. `path` is for messages and must outlive it; `doing`:
/// "decompressing", "reading".
class Unpacked {
 public:
  explicit Unpacked(const std::string& path, const SpillPlace& place = {}, std::string_view doing = "decompressing")
      : path_(path), doing_(doing), folder_(place.folder), most_(place.bytes_in_memory()) {}

  /// Room for `bytes` in all, of which a claim may be wrong: what memory should not hold is not taken ahead.
  Result<void> reserve(std::size_t bytes);
  /// At least one free byte.
  Result<void> make_room();
  Result<void> append(std::string_view bytes);

  char* free_begin() const noexcept { return memory_.data() + used_; }
  std::size_t free_bytes() const noexcept { return memory_.size() - used_; }
  void advance(std::size_t bytes) noexcept { used_ += bytes; }
  std::size_t used() const noexcept { return used_; }
  Memory take() && noexcept { return std::move(memory_); }

 private:
  Result<void> grow(std::size_t bytes);
  Result<void> grow_in_file(std::size_t bytes);

  const std::string& path_;
  std::string_view doing_;
  std::string folder_;
  std::uint64_t most_;  ///< bytes in memory
  Memory memory_;
  std::size_t used_ = 0;
};

/// "'path' is not intact KIND data (why); fetch or compress the file again".
Error not_intact(const std::string& path, std::string_view kind, std::string_view why);

}  // namespace glissade::datasets
