#include "datasets/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <span>

#include "datasets/message.h"

namespace glissade::datasets {

Error AtomicFile::failure(int error_number) const {
  return runtime_error(fmt::format("cannot write {}: {}; check the folder, its permissions and the free space",
                                   datasets::quoted(path_), system::error_text(error_number)));
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  if (path == "-") {
    AtomicFile output("standard output");
    output.output_ = system::Descriptor(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (output.output_.number() < 0) return output.failure(errno);
    return output;
  }
  AtomicFile created(path);
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return created.failure(EISDIR);
  const std::string name = std::filesystem::path(path).filename().string();
  system::remove_abandoned(path, [&](const std::string& target) { return target == name; });
  if (const int failed = created.file_.create_beside(path)) return created.failure(failed);
  return created;
}

/// To standard output. 0 or errno.
int AtomicFile::write_out(std::string_view bytes) const noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(output_.number(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Result<void> AtomicFile::write(std::string_view bytes) {
  const int failed = output_.number() >= 0 ? write_out(bytes) : file_.write_at(std::as_bytes(std::span(bytes)), bytes_);
  if (failed != 0) return failure(failed);
  bytes_ += bytes.size();
  return {};
}

Result<void> AtomicFile::overwrite_begin(std::string_view bytes) {
  const int failed = file_.write_at(std::as_bytes(std::span(bytes)), 0);
  return failed == 0 ? Result<void>() : failure(failed);
}

Result<void> AtomicFile::commit() {
  const int failed = output_.number() >= 0 ? output_.close() : file_.put_in_place();
  return failed == 0 ? Result<void>() : failure(failed);
}

}  // namespace glissade::datasets
