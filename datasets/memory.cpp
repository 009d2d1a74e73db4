#include "datasets/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

std::uint64_t system_available() {
  std::ifstream meminfo("/proc/meminfo");
  for (std::string key; meminfo >> key;) {
    std::uint64_t kilobytes = 0;
    if (key == "MemAvailable:" && meminfo >> kilobytes) return kilobytes * 1024;
    meminfo.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return kUnlimited;
}

/// The number in a one-number file; "max" and unreadable files mean no limit.
std::uint64_t number_in(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  return file >> number ? number : kUnlimited;
}

/// Room below one control group's limit (cgroup v2), page cache not subtracted from the use: what the kernel can drop counts as
/// free.
std::uint64_t group_available(const std::string& folder) {
  const std::uint64_t limit = number_in(folder + "/memory.max");
  if (limit == kUnlimited) return kUnlimited;
  const std::uint64_t used = number_in(folder + "/memory.current");
  if (used == kUnlimited) return limit;
  std::uint64_t droppable = 0;
  std::ifstream stat(folder + "/memory.stat");
  std::string key;
  for (std::uint64_t value = 0; stat >> key >> value;) {
    if (key == "inactive_file" || key == "active_file") droppable += value;
  }
  const std::uint64_t held = used - std::min(used, droppable);
  return limit - std::min(limit, held);
}

std::uint64_t groups_available() {
  std::ifstream membership("/proc/self/cgroup");
  std::uint64_t available = kUnlimited;
  for (std::string line; std::getline(membership, line);) {
    if (!line.starts_with("0::/")) continue;
    // A limit may sit on the group or on any group above it.
    for (std::string group = line.substr(3);; group.erase(group.find_last_of('/'))) {
      available = std::min(available, group_available("/sys/fs/cgroup" + group));
      if (group.empty() || group == "/") break;
    }
  }
  return available;
}

}  // namespace

std::uint64_t available_memory() { return std::min(system_available(), groups_available()); }

Result<void> require_memory(std::uint64_t bytes, const std::string& what) {
  const std::uint64_t available = available_memory();
  if (bytes <= available) return {};
  return runtime_error(fmt::format("{} needs {} of memory and {} are available; free memory or split the file", what,
                                   human_bytes(bytes), human_bytes(available)));
}

void prefer_large_pages(void* data, std::size_t bytes) noexcept {
  constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kLargePage - 1) & ~(kLargePage - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) & ~(kLargePage - 1);
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

bool Memory::grow(std::size_t bytes) noexcept {
  if (bytes <= size_) return true;
  void* grown = data_ == nullptr
                    ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                    : mremap(data_, size_, bytes, MREMAP_MAYMOVE);
  if (grown == MAP_FAILED) return false;
  data_ = static_cast<char*>(grown);
  size_ = bytes;
  prefer_large_pages(data_, size_);
  return true;
}

void Memory::release() noexcept {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace glissade::datasets
