#include "datasets/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "datasets/message.h"
#include "datasets/unpacked.h"

namespace glissade::datasets {
namespace {

constexpr std::uintptr_t kPage = 4096;

Error open_error(const std::string& path, int error_number) {
  return runtime_error(fmt::format("cannot read {}: {}; check the path and its permissions", datasets::quoted(path),
                                   system::error_text(error_number)));
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path, const SpillPlace& place) {
  if (path == "-") {
    MappedFile input;
    if (auto read = input.read_stream(STDIN_FILENO, path, place); !read) return read.error();
    return input;
  }
  const system::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return open_error(path, errno);
  struct stat status {};
  if (fstat(file.number(), &status) != 0) return open_error(path, errno);
  if (S_ISDIR(status.st_mode)) return runtime_error(fmt::format("{} is a directory; name a file in it", datasets::quoted(path)));
  MappedFile mapped;
  if (!S_ISREG(status.st_mode)) {
    if (auto read = mapped.read_stream(file.number(), path, place); !read) return read.error();
    return mapped;
  }
  if (const int failed = mapped.mapping_.map(file.number())) return open_error(path, failed);
  const std::string_view bytes = mapped.mapping_.bytes();
  if (!bytes.empty()) madvise(const_cast<char*>(bytes.data()), bytes.size(), MADV_WILLNEED);
  return mapped;
}

void MappedFile::fetch(std::string_view part) const noexcept {
  if (!is_mapped() || part.empty()) return;
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data()) / kPage * kPage;
  const auto end = reinterpret_cast<std::uintptr_t>(part.data()) + part.size();
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_WILLNEED);  // the disk gets all requests at once
  for (std::uintptr_t page = begin; page < end; page += kPage) {
    static_cast<void>(*reinterpret_cast<const volatile char*>(page));
  }
}

void MappedFile::leave(std::string_view part) const noexcept {
  if (!is_mapped()) return;
  const auto begin = (reinterpret_cast<std::uintptr_t>(part.data()) + kPage - 1) / kPage * kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(part.data()) + part.size()) / kPage * kPage;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Result<void> MappedFile::read_stream(int descriptor, const std::string& path, const SpillPlace& place) {
  Unpacked bytes(path, place, "reading");
  for (;;) {
    if (auto room = bytes.make_room(); !room) return room;
    const ssize_t got = ::read(descriptor, bytes.free_begin(), bytes.free_bytes());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return open_error(path, errno);
    if (got == 0) break;
    bytes.advance(static_cast<std::size_t>(got));
  }
  copied_ = bytes.used();
  copy_ = std::move(bytes).take();
  return {};
}

}  // namespace glissade::datasets
