#include "system/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <new>
#include <system_error>
#include <utility>

namespace glissade::system {
namespace {

namespace fs = std::filesystem;

/// The folder that a path is in, to be synced; -1 where it cannot be opened.
int open_folder_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

/// The target of a temporary file, "TARGET.tmp-PROCESS-COUNT" or, before 0.3, "TARGET.PROCESS-COUNT.tmp". Empty for any other
/// name.
std::string target_of(std::string_view name, pid_t& process) {
  constexpr std::string_view kMark = ".tmp-", kFormerEnd = ".tmp";
  if (name.ends_with(kFormerEnd)) {
    name.remove_suffix(kFormerEnd.size());
    const auto dot = name.rfind('.');
    if (dot != std::string_view::npos && is_number_pair(name.substr(dot + 1), process)) return std::string(name.substr(0, dot));
    return "";
  }
  const auto at = name.rfind(kMark);
  if (at == std::string_view::npos || !is_number_pair(name.substr(at + kMark.size()), process)) return "";
  return std::string(name.substr(0, at));
}

/// Whether a process has ended and is only still listed, because its exit status was not asked for yet.
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
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return file.number() >= 0 && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

std::string temporary_name(const std::string& target) {
  static std::atomic<unsigned> count{0};
  return fmt::format("{}.tmp-{}-{}", target, ::getpid(), count.fetch_add(1, std::memory_order_relaxed));
}

void remove_abandoned(const std::string& path, const std::function<bool(const std::string& name)>& is_target) {
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

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : target_(std::move(other.target_)), path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

int TemporaryFile::create_beside(const std::string& target) {
  for (;;) {
    std::string name = temporary_name(target);
    Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.number() < 0) {
      if (errno == EEXIST) continue;  // what an earlier process of this number has left
      return errno;
    }
    ::flock(file.number(), LOCK_EX | LOCK_NB);  // says that somebody is at work on it, see is_gone()
    target_ = target;
    path_ = std::move(name);
    file_ = std::move(file);
    return 0;
  }
}

int TemporaryFile::write_at(std::span<const std::byte> bytes, std::uint64_t offset) const noexcept {
  return file_.write_at(bytes, offset);
}

int TemporaryFile::set_size(std::uint64_t bytes) const noexcept {
  return ::ftruncate(file_.number(), static_cast<off_t>(bytes)) == 0 ? 0 : errno;
}

int TemporaryFile::copy_mode() const noexcept {
  struct stat status {};
  if (::stat(target_.c_str(), &status) != 0) return 0;
  return ::fchmod(file_.number(), status.st_mode & 0777) == 0 ? 0 : errno;
}

int TemporaryFile::put_in_place() noexcept {
  if (const int failed = copy_mode()) return failed;
  if (::fsync(file_.number()) != 0) return errno;
  if (const int failed = file_.close()) return failed;
  int number = -1;
  try {
    number = open_folder_of(target_);
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
  const Descriptor folder(number);
  if (std::rename(path_.c_str(), target_.c_str()) != 0) return errno;
  path_.clear();
  // Not every file system can sync a folder, and by now the target is a whole file, old or new, whatever happens: no error.
  if (folder.number() >= 0) ::fsync(folder.number());
  return 0;
}

}  // namespace glissade::system
