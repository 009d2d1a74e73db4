#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "engine/config/text.h"
#include "engine/model_file/layout.h"

namespace glissade::model_file {
namespace {

namespace fs = std::filesystem;

Error cannot_write(const std::string& path, const std::string& why) {
  return runtime_error("'" + path + "' cannot be written: " + why);
}

std::string system_message(int code) { return std::generic_category().message(code); }

/// A file that goes away with this object unless it was renamed to its final place.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    close();
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  /// In the folder of `target`, because a rename is atomic only within a file system. Several writers do not get in each other's
  /// way.
  Result<void> create_beside(const std::string& target) {
    static std::atomic<unsigned> counter{0};
    constexpr int kAttempts = 100;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::string name = target + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
      descriptor_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ >= 0) {
        path_ = std::move(name);
        ::flock(descriptor_, LOCK_EX | LOCK_NB);  // says that somebody is at work on it, to who removes what killed writers left
        return {};
      }
      if (errno != EEXIST) break;
    }
    return cannot_write(target, system_message(errno) + "; choose a folder that you may write to");
  }

  int write_at(std::span<const std::byte> bytes, std::uint64_t offset) const noexcept {
    constexpr std::size_t kLargestWrite = std::size_t{1} << 30;  // Linux takes at most 2^31 - 4096 bytes at once
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_, bytes.data(), std::min(bytes.size(), kLargestWrite), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      if (written == 0) return ENOSPC;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return 0;
  }

  int set_size(std::uint64_t bytes) const noexcept {
    return ::ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  }

  /// A file that is replaced hands its permissions on.
  int copy_mode(const std::string& target) const noexcept {
    struct stat status {};
    if (::stat(target.c_str(), &status) != 0) return 0;
    return ::fchmod(descriptor_, status.st_mode & 0777) == 0 ? 0 : errno;
  }

  int sync_and_close() noexcept {
    if (::fsync(descriptor_) != 0) return errno;
    return close();
  }

  int rename_to(const std::string& target) noexcept {
    if (::rename(path_.c_str(), target.c_str()) != 0) return errno;
    path_.clear();
    return 0;
  }

 private:
  int close() noexcept {
    if (descriptor_ < 0) return 0;
    const int failed = ::close(descriptor_);
    descriptor_ = -1;
    return failed == 0 ? 0 : errno;
  }

  std::string path_;
  int descriptor_ = -1;
};

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// The file to replace: behind a symbolic link, so that the link stays one. Refuses what a rename would destroy or cannot
/// replace.
Result<std::string> resolve_target(const std::string& path) {
  if (path.empty()) return cannot_write(path, "the file name is empty");
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (fs::is_directory(status)) return cannot_write(path, "it is a folder; give the name of a file");
  if (fs::exists(status)) {
    if (!fs::is_regular_file(status)) return cannot_write(path, "it exists and is not a regular file");
    if (::access(path.c_str(), W_OK) != 0) return cannot_write(path, "the file that is there is write-protected");
    const fs::path target = fs::canonical(path, code);
    return code ? path : target.string();
  }
  if (!fs::is_directory(folder_of(path), code)) {
    return cannot_write(path, "there is no folder '" + folder_of(path) + "'; create it first");
  }
  return path;
}

/// Header and section table as they go to the file, with all checksums.
std::vector<std::byte> make_head(std::span<const Section> sections) {
  std::vector<Entry> entries;
  std::uint64_t end = head_bytes(sections.size());
  for (const Section& section : sections) {
    Entry entry;
    entry.kind = static_cast<std::uint32_t>(section.kind);
    entry.index = section.index;
    entry.offset = aligned(end);
    entry.bytes = section.bytes.size();
    entry.checksum = XXH3_64bits(section.bytes.data(), section.bytes.size());
    end = entry.offset + entry.bytes;
    entries.push_back(entry);
  }
  Header header;
  header.sections = static_cast<std::uint32_t>(sections.size());
  header.file_bytes = end;
  std::vector<std::byte> head(head_bytes(sections.size()));
  std::memcpy(head.data(), &header, sizeof header);
  if (!entries.empty()) std::memcpy(head.data() + sizeof header, entries.data(), entries.size() * sizeof(Entry));
  header.checksum = head_checksum(head);
  std::memcpy(head.data(), &header, sizeof header);
  return head;
}

/// 0 or the errno of what failed.
int write_all(const TemporaryFile& file, std::span<const std::byte> head, std::span<const Section> sections) noexcept {
  if (const int failed = file.write_at(head, 0)) return failed;
  std::uint64_t end = head.size();
  for (const Section& section : sections) {
    const std::uint64_t offset = aligned(end);
    if (const int failed = file.write_at(section.bytes, offset)) return failed;
    end = offset + section.bytes.size();
  }
  return file.set_size(end);  // the gap before a last section without bytes
}

/// Makes the rename itself durable. Not every file system can sync a folder, and by now `path` is a whole file, old or new,
/// whatever happens: so a failure here is not one of the write.
void sync_folder(const std::string& folder) noexcept {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Result<void> write(const std::string& path, std::span<const Section> sections) {
  if (sections.size() > kMostSections) {
    return cannot_write(path,
                        std::to_string(sections.size()) + " sections, a model file has at most " + std::to_string(kMostSections));
  }
  const Result<std::string> target = resolve_target(path);
  if (!target) return target.error();
  const std::vector<std::byte> head = make_head(sections);
  const std::string folder = folder_of(*target);
  TemporaryFile file;
  if (auto created = file.create_beside(*target); !created) return created;

  int failed = write_all(file, head, sections);
  if (failed == 0) failed = file.copy_mode(*target);
  if (failed == 0) failed = file.sync_and_close();
  if (failed == 0) failed = file.rename_to(*target);
  if (failed != 0) {
    Header header;
    std::memcpy(&header, head.data(), sizeof header);
    return cannot_write(path, system_message(failed) + " (it takes " + config::bytes_text(header.file_bytes) +
                                  "); make room there or choose another folder");
  }
  sync_folder(folder);
  return {};
}

}  // namespace glissade::model_file
