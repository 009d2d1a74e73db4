#include "engine/parameters/array.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace glissade {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kCacheLine = 64;

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
  return {memory, [bytes](void* p) { munmap(p, bytes); }};
}

}  // namespace glissade
