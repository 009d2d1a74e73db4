#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "system/file_mapping.h"

namespace glissade::datasets {

/// An error unless `bytes` are available to this process. `what` starts the message: "reading 'x'", "decompressing 'x'".
Result<void> require_memory(std::uint64_t bytes, const std::string& what);

/// Growable anonymous memory. Growing moves page tables and not bytes, so decompression of an unknown size never holds two
/// copies; untouched pages cost nothing. Movable.
class Memory {
 public:
  Memory() = default;
  ~Memory() { release(); }
  Memory(Memory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), file_(std::move(other.file_)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(file_, other.file_);
    return *this;
  }

  /// At least `bytes` long from now on; the contents stay, the address may change. False when the system refuses, memory or space
  /// on disk (nothing changes then).
  [[nodiscard]] bool grow(std::size_t bytes) noexcept;

  /// Moves the first `used` bytes to a file of a folder that has no name, which grows from then on in place of memory: the system
  /// may write its pages out. 0 or errno; nothing changes on failure.
  int move_to_file(const std::string& folder, std::size_t used);
  bool is_in_file() const noexcept { return file_.number() >= 0; }

  char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  void release() noexcept;

  char* data_ = nullptr;
  std::size_t size_ = 0;
  system::Descriptor file_;
};

/// Asks for large pages where [data, data + bytes) holds any: fewer page faults. Never fails, changes nothing but speed.
void prefer_large_pages(void* data, std::size_t bytes) noexcept;

/// An uninitialised array, or null when there is no memory: threads that fill it also take its page faults.
template <class T>
std::unique_ptr<T[]> try_array(std::size_t count) noexcept {
  std::unique_ptr<T[]> array(new (std::nothrow) T[count == 0 ? 1 : count]);
  if (array) prefer_large_pages(array.get(), count * sizeof(T));
  return array;
}

}  // namespace glissade::datasets
