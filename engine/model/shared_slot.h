#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace glissade {

/// A shared pointer that threads read while one puts another in its place. std::atomic<std::shared_ptr> locks as well, and that
/// of libstdc++ 12 ends a read by a relaxed store, so that the next writer races with it. The lock is held for a copy alone.
template <class T>
class SharedSlot {
 public:
  std::shared_ptr<T> load() const noexcept {
    const std::lock_guard lock(mutex_);
    return pointer_;
  }
  /// What was there goes outside of the lock: its end may take long.
  void store(std::shared_ptr<T> pointer) noexcept {
    const std::lock_guard lock(mutex_);
    pointer_.swap(pointer);
  }
  /// Puts `pointer` there if `expected` still is; what is there afterwards.
  std::shared_ptr<T> replace(const std::shared_ptr<T>& expected, std::shared_ptr<T> pointer) noexcept {
    const std::lock_guard lock(mutex_);
    if (pointer_ == expected) pointer_.swap(pointer);
    return pointer_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<T> pointer_;
};

}  // namespace glissade
