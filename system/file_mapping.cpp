#include "system/file_mapping.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace glissade::system {

Descriptor::~Descriptor() { close(); }

int Descriptor::close() noexcept {
  if (number_ < 0) return 0;
  return ::close(std::exchange(number_, -1)) == 0 ? 0 : errno;
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
