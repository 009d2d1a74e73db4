#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace glissade {

/// Zeroed memory for `bytes` bytes, 64-byte aligned; large blocks are mapped and ask for huge pages, so that random row
/// reads miss the TLB less. Throws std::bad_alloc.
std::shared_ptr<void> allocate_zeroed(std::size_t bytes);

/// Gives back to the system what the allocator keeps of small blocks that were freed. For the end of a phase that made many: what
/// it leaves would otherwise count on top of what comes later. Takes milliseconds. Thread-safe.
void give_back_free_memory() noexcept;

/// A fixed-size array that owns its memory or borrows it from a mapped file; copies of the handle are not made.
template <class T>
class Array {
 public:
  Array() = default;
  explicit Array(std::size_t size)
      : owner_(allocate_zeroed(size * sizeof(T))), data_(static_cast<T*>(owner_.get())), size_(size) {}
  /// Read-only use of memory that `owner` keeps alive.
  Array(std::shared_ptr<const void> owner, const T* data, std::size_t size)
      : owner_(std::const_pointer_cast<void>(std::move(owner))), data_(const_cast<T*>(data)), size_(size) {}
  Array(Array&& other) noexcept { swap(other); }
  Array& operator=(Array&& other) noexcept {
    swap(other);
    return *this;
  }

  /// Another handle of the same memory, which lives as long as either. Who changes one changes both.
  Array shared() const {
    Array same;
    same.owner_ = owner_;
    same.data_ = data_;
    same.size_ = size_;
    return same;
  }

  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept { return size_ * sizeof(T); }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  std::span<const std::byte> as_bytes() const noexcept { return std::as_bytes(std::span<const T>(data_, size_)); }

  /// Room for at least `size` elements; contents are lost when it grows. For work buffers.
  void reserve_discard(std::size_t size) {
    if (size > size_) *this = Array(size);
  }

 private:
  void swap(Array& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  std::shared_ptr<void> owner_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace glissade
