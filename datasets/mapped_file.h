#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "datasets/memory.h"

namespace glissade::datasets {

/// A file's bytes, read-only: mapped when it is a regular file, read to its end into memory when it is a pipe or a device.
/// Movable. The file must not be truncated by somebody else while it is mapped (the system would answer an access with SIGBUS).
class MappedFile {
 public:
  /// "-" is standard input, read to its end. Fails on a missing or unreadable file and on a directory. An empty file is fine
  /// here.
  static Result<MappedFile> open(const std::string& path);

  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept
      : mapping_(std::exchange(other.mapping_, nullptr)), size_(std::exchange(other.size_, 0)), copy_(std::move(other.copy_)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(size_, other.size_);
    std::swap(copy_, other.copy_);
    return *this;
  }

  std::string_view bytes() const noexcept {
    return {mapping_ != nullptr ? static_cast<const char*>(mapping_) : copy_.data(), size_};
  }

  /// Reads a part from disk, if it is the file's and not in memory yet. Returns when it is there.
  void fetch(std::string_view part) const noexcept;

  /// Gives the pages of a part up, if they are the file's: they come back from the system's cache when they are read again, but
  /// until then do not count as this process's memory.
  void leave(std::string_view part) const noexcept;

 private:
  MappedFile() = default;
  Result<void> read_stream(int descriptor, const std::string& path);

  void* mapping_ = nullptr;
  std::size_t size_ = 0;
  Memory copy_;
};

}  // namespace glissade::datasets
