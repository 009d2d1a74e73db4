#include "system/file_mapping.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace glissade::system {

Descriptor::~Descriptor() { close(); }

int Descriptor::close() noexcept {
  if (number_ < 0) return 0;
  return ::close(std::exchange(number_, -1)) == 0 ? 0 : errno;
}

int Descriptor::write_at(std::span<const std::byte> bytes, std::uint64_t offset) const noexcept {
  constexpr std::size_t kLargestWrite = std::size_t{1} << 30;  // Linux takes at most 2^31 - 4096 bytes at once
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(number_, bytes.data(), std::min(bytes.size(), kLargestWrite), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

FileMapping::~FileMapping() {
  if (address_ != nullptr) ::munmap(address_, size_);
}

int FileMapping::map(int descriptor) noexcept {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return errno;
  FileMapping mapping;
  if (status.st_size > 0) {
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) return errno;
    mapping.address_ = address;
    mapping.size_ = size;
  }
  *this = std::move(mapping);
  return 0;
}

}  // namespace glissade::system
