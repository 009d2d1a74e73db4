#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "datasets/memory.h"

namespace glissade::datasets {

/// The growing output of a decompressor. It grows by doubling, and never past the memory that is available: a small file that
/// unpacks to an absurd size is refused in one line. `path` is for messages and must outlive it.
class Unpacked {
 public:
  explicit Unpacked(const std::string& path) : path_(path) {}

  /// Room for `bytes` in all.
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
  const std::string& path_;
  Memory memory_;
  std::size_t used_ = 0;
};

/// "'path' is not intact KIND data (why); fetch or compress the file again".
Error not_intact(const std::string& path, std::string_view kind, std::string_view why);

}  // namespace glissade::datasets
