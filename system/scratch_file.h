#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "system/file_mapping.h"

namespace glissade::system {

/// A file without a name, which goes away with this object or its process, however that ends. Functions return 0 or the errno of
/// what failed; reads and writes of different parts are thread-safe.
class ScratchFile {
 public:
  /// In an existing folder.
  int create_in(const std::string& folder);
  /// All bytes, from `offset` on.
  int write_at(std::span<const std::byte> bytes, std::uint64_t offset) const noexcept;
  /// All bytes, from `offset` on; EIO where the file ends before.
  int read_at(std::span<std::byte> bytes, std::uint64_t offset) const noexcept;
  /// The open file, for who maps it.
  Descriptor take() && noexcept { return std::move(file_); }

 private:
  Descriptor file_;
};

}  // namespace glissade::system
