#include "system/scratch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace glissade::system {

int ScratchFile::create_in(const std::string& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.number() < 0) {  // not every file system has files without names
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return errno;
    std::string name = folder + "/scratch.tmp-XXXXXX";
    file = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (file.number() < 0) return errno;
    if (::unlink(name.c_str()) != 0) return errno;
  }
  file_ = std::move(file);
  return 0;
}

int ScratchFile::write_at(std::span<const std::byte> bytes, std::uint64_t offset) const noexcept {
  return file_.write_at(bytes, offset);
}

int ScratchFile::read_at(std::span<std::byte> bytes, std::uint64_t offset) const noexcept {
  constexpr std::size_t kLargestRead = std::size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t got = ::pread(file_.number(), bytes.data(), std::min(bytes.size(), kLargestRead), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return EIO;
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return 0;
}

}  // namespace glissade::system
