#include "datasets/memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <span>

#include <glissade/options.h>

#include "datasets/message.h"
#include "system/message.h"
#include "system/scratch_file.h"

namespace glissade::datasets {
Result<void> require_memory(std::uint64_t bytes, const std::string& what) {
  const std::uint64_t available = available_memory();
  if (bytes <= available) return {};
  return runtime_error(fmt::format("{} needs {} of memory and {} are available; free memory or split the file", what,
                                   system::bytes_text(bytes), system::bytes_text(available)));
}

void prefer_large_pages(void* data, std::size_t bytes) noexcept {
  constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kLargePage - 1) & ~(kLargePage - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) & ~(kLargePage - 1);
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

bool Memory::grow(std::size_t bytes) noexcept {
  if (bytes <= size_) return true;
  // Room on disk is taken now: a page without any would end the process when it is written to.
  if (is_in_file() && posix_fallocate(file_.number(), 0, static_cast<off_t>(bytes)) != 0) return false;
  void* grown = data_ == nullptr
                    ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                    : mremap(data_, size_, bytes, MREMAP_MAYMOVE);
  if (grown == MAP_FAILED) return false;
  data_ = static_cast<char*>(grown);
  size_ = bytes;
  if (!is_in_file()) prefer_large_pages(data_, size_);
  return true;
}

int Memory::move_to_file(const std::string& folder, std::size_t used) {
  system::ScratchFile scratch;
  if (const int failed = scratch.create_in(folder)) return failed;
  system::Descriptor file = std::move(scratch).take();
  if (const int failed = posix_fallocate(file.number(), 0, static_cast<off_t>(size_))) return failed;
  if (const int failed = file.write_at(std::as_bytes(std::span(data_, used)), 0)) return failed;
  void* mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  if (mapped == MAP_FAILED) return errno;
  release();
  data_ = static_cast<char*>(mapped);
  file_ = std::move(file);
  return 0;
}

void Memory::release() noexcept {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace glissade::datasets
