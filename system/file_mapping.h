#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace glissade::system {

/// An open file, closed with this object.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const noexcept { return number_; }
  /// 0 or the errno of what failed; the descriptor is gone either way.
  int close() noexcept;
  /// All bytes, from `offset` on. 0 or errno.
  int write_at(std::span<const std::byte> bytes, std::uint64_t offset) const noexcept;

 private:
  int number_;
};

/// A regular file's bytes, mapped read-only; they stay while this object lives, also where the file is removed or replaced. Must
/// not be truncated by somebody else meanwhile: the system would answer an access with SIGBUS. Movable.
class FileMapping {
 public:
  FileMapping() = default;
  FileMapping(FileMapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  FileMapping& operator=(FileMapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~FileMapping();

  /// Maps an open regular file as a whole. 0 or errno; a file without bytes is no error and has none.
  int map(int descriptor) noexcept;

  std::string_view bytes() const noexcept { return {static_cast<const char*>(address_), size_}; }

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace glissade::system
