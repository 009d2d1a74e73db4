#include "datasets/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

Error write_error(const std::string& path, int error_number) {
  return runtime_error(fmt::format("cannot write {}: {}; check the folder, its permissions and the free space", quoted(path),
                                   system_message(error_number)));
}

/// A name that no other writer uses at the same time: process and a count within it. O_EXCL finds what is left of an earlier
/// process.
std::string temporary_name(const std::string& path) {
  static std::atomic<unsigned> count{0};
  return fmt::format("{}.{}-{}.tmp", path, ::getpid(), count.fetch_add(1, std::memory_order_relaxed));
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return write_error(path, EISDIR);
  for (;;) {
    const std::string temporary = temporary_name(path);
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) return AtomicFile(path, temporary, descriptor);
    if (errno != EEXIST) return write_error(path, errno);
  }
}

Error AtomicFile::failure(int error_number) const { return write_error(path_, error_number); }

void AtomicFile::discard() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

Result<void> AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return failure(errno);
    if (written <= 0) continue;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    bytes_ += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) return failure(errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) return failure(errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return failure(errno);
  temporary_.clear();
  return {};
}

}  // namespace glissade::datasets
