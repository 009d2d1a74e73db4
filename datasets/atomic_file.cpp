#include "datasets/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

Error write_error(const std::string& path, int error_number) {
  return runtime_error(fmt::format("cannot write {}: {}; check the folder, its permissions and the free space",
                                   datasets::quoted(path), system_message(error_number)));
}

/// Makes the rename itself durable. Not every file system can sync a folder, and the file is whole by now: no error.
void sync_folder(const std::string& path) noexcept {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const int descriptor = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

/// A name that no other writer uses at the same time: process and a count within it. O_EXCL finds what is left of an earlier
/// process.
std::string temporary_name(const std::string& path) {
  static std::atomic<unsigned> count{0};
  return fmt::format("{}.{}-{}.tmp", path, ::getpid(), count.fetch_add(1, std::memory_order_relaxed));
}

/// "NUMBER-NUMBER": process and count.
bool is_number_pair(std::string_view text, pid_t& process) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  std::uint64_t count = 0;
  const auto number = [](std::string_view digits, auto& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && !digits.empty() && digits.front() != '-';
  };
  return number(text.substr(0, dash), process) && number(text.substr(dash + 1), count);
}

/// The target of a temporary file: "TARGET.PROCESS-COUNT.tmp" here, "TARGET.tmp-PROCESS-COUNT" in engine/model_file/writer.cpp.
/// Empty if it is none.
std::string target_of(std::string_view name, pid_t& process) {
  constexpr std::string_view kOurs = ".tmp", kModels = ".tmp-";
  if (name.ends_with(kOurs)) {
    name.remove_suffix(kOurs.size());
    const auto dot = name.rfind('.');
    if (dot != std::string_view::npos && is_number_pair(name.substr(dot + 1), process)) return std::string(name.substr(0, dot));
    return "";
  }
  const auto at = name.rfind(kModels);
  if (at == std::string_view::npos || !is_number_pair(name.substr(at + kModels.size()), process)) return "";
  return std::string(name.substr(0, at));
}

/// Whether a process has ended and is only still listed, because nobody has asked for its exit status yet.
bool has_ended(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string text;
  if (!std::getline(file, text)) return false;
  const auto name_end = text.rfind(')');  // "PID (NAME) STATE ..."
  return name_end != std::string::npos && name_end + 2 < text.size() && (text[name_end + 2] == 'Z' || text[name_end + 2] == 'X');
}

/// Whether the writer is gone: it holds a lock as long as it lives, also where its number means nothing here (in another
/// container, on another machine). One that was started a moment ago may not have it yet, but is there.
bool is_gone(const std::string& path, pid_t process) {
  if (::kill(process, 0) == 0 ? !has_ended(process) : errno != ESRCH) return false;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  ::close(descriptor);
  return locked;
}

}  // namespace

void remove_abandoned(const std::string& path, const std::function<bool(const std::string& name)>& is_target) {
  namespace fs = std::filesystem;
  const fs::path parent = fs::path(path).parent_path();
  std::error_code code;
  for (fs::directory_iterator entry(parent.empty() ? fs::path(".") : parent, code), end; !code && entry != end;
       entry.increment(code)) {
    pid_t process = 0;
    const std::string target = target_of(entry->path().filename().string(), process);
    if (target.empty() || !is_target(target) || !is_gone(entry->path().string(), process)) continue;
    ::unlink(entry->path().c_str());
  }
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  if (path == "-") {
    const std::string name = "standard output";
    const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (output < 0) return write_error(name, errno);
    return AtomicFile(name, "", output);
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return write_error(path, EISDIR);
  const std::string name = std::filesystem::path(path).filename().string();
  remove_abandoned(path, [&](const std::string& target) { return target == name; });
  for (;;) {
    const std::string temporary = temporary_name(path);
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      ::flock(descriptor, LOCK_EX | LOCK_NB);  // says that somebody is at work on it, see is_gone()
      return AtomicFile(path, temporary, descriptor);
    }
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

Result<void> AtomicFile::overwrite_begin(std::string_view bytes) {
  off_t position = 0;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), position);
    if (written < 0 && errno != EINTR) return failure(errno);
    if (written <= 0) continue;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    position += written;
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (temporary_.empty()) return ::close(std::exchange(descriptor_, -1)) == 0 ? Result<void>() : failure(errno);
  if (::fsync(descriptor_) != 0) return failure(errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) return failure(errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return failure(errno);
  temporary_.clear();
  sync_folder(path_);
  return {};
}

}  // namespace glissade::datasets
