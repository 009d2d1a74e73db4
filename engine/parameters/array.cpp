#include "engine/parameters/array.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

#include <glissade/runtime.h>

namespace glissade {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kCacheLine = 64;
constexpr int kCollapse = 25;  // MADV_COLLAPSE, which headers before Linux 6.1 lack

/// The large blocks of this process.
class LargeBlocks {
 public:
  static LargeBlocks& all() {
    static auto* const blocks = new LargeBlocks;  // arrays may outlive static objects
    return *blocks;
  }

  void add(void* begin, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    blocks_.emplace(static_cast<std::byte*>(begin), bytes);
  }

  void unmap(void* begin, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    blocks_.erase(static_cast<std::byte*>(begin));
    munmap(begin, bytes);
  }

  /// In pieces, so that nobody waits long to free a block.
  void collapse() noexcept {
    constexpr std::size_t kPiece = 16 * kHugePage;
    std::byte* at = nullptr;
    for (;;) {
      const std::lock_guard lock(mutex_);
      auto block = blocks_.upper_bound(at);
      if (block != blocks_.begin() && std::prev(block)->first + std::prev(block)->second > at) --block;
      if (block == blocks_.end()) return;
      const auto [begin, bytes] = *block;
      at = std::max(at, begin);
      const std::size_t piece = std::min(kPiece, static_cast<std::size_t>(begin + bytes - at));
      madvise(at, piece, kCollapse);
      at += piece;
    }
  }

 private:
  std::mutex mutex_;
  std::map<std::byte*, std::size_t> blocks_;
};

}  // namespace

std::shared_ptr<void> allocate_zeroed(std::size_t bytes) {
  if (bytes < kHugePage) {
    const std::size_t rounded = (bytes + kCacheLine - 1) / kCacheLine * kCacheLine + kCacheLine;
    void* memory = std::aligned_alloc(kCacheLine, rounded);
    if (memory == nullptr) throw std::bad_alloc();
    std::memset(memory, 0, rounded);
    return {memory, [](void* p) { std::free(p); }};
  }
  // Anonymous pages arrive zeroed and are placed by the thread that first touches them.
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  madvise(memory, bytes, MADV_HUGEPAGE);
  LargeBlocks::all().add(memory, bytes);
  return {memory, [bytes](void* p) { LargeBlocks::all().unmap(p, bytes); }};
}

void give_back_free_memory() noexcept {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void restore_huge_pages() noexcept { LargeBlocks::all().collapse(); }

}  // namespace glissade
