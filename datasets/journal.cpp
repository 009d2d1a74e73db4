#include "datasets/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <xxhash.h>

#include "datasets/message.h"
#include "system/message.h"
#include "system/temporary_file.h"

namespace glissade::datasets {
namespace {

constexpr std::array<char, 8> kMagic = {'G', 'L', 'S', 'D', 'J', 'R', 'N', '1'};
constexpr std::uint32_t kFrameMagic = 0x4d52464au;  // "JFRM"
constexpr std::uint64_t kMostPayload = std::uint64_t{1} << 30;

enum FrameKind : std::uint32_t { kRecord = 1, kSavedAs = 2 };

/// Begins the file.
struct FileHeader {
  std::array<char, 8> magic = kMagic;
  Hash128 base = {};
  std::uint64_t check = 0;  ///< of the bytes before

  std::uint64_t sum() const noexcept { return XXH3_64bits(this, offsetof(FileHeader, check)); }
};
static_assert(sizeof(FileHeader) == 32);

/// Begins a record. Its checksum begins with the file's base: what an older file has left on the disk is no record of this one.
struct FrameHeader {
  std::uint32_t magic = kFrameMagic;
  std::uint32_t kind = kRecord;
  std::uint64_t sequence = 0;
  std::uint64_t length = 0;  ///< bytes of the payload
  std::uint64_t payload_check = 0;
  std::uint64_t check = 0;  ///< of the bytes before

  std::uint64_t sum(const Hash128& base) const noexcept {
    return XXH3_64bits_withSeed(this, offsetof(FrameHeader, check), base.low);
  }
};
static_assert(sizeof(FrameHeader) == 40);

template <class T>
std::string_view bytes_of(const T& object) noexcept {
  return {reinterpret_cast<const char*>(&object), sizeof object};
}

template <class T>
std::optional<T> object_at(std::string_view bytes, std::size_t at) noexcept {
  if (bytes.size() - at < sizeof(T)) return std::nullopt;
  T object;
  std::memcpy(&object, bytes.data() + at, sizeof object);
  return object;
}

std::optional<FrameHeader> frame_at(std::string_view bytes, std::size_t at, const Hash128& base) noexcept {
  const auto header = object_at<FrameHeader>(bytes, at);
  if (!header || header->magic != kFrameMagic || header->length > kMostPayload || header->check != header->sum(base))
    return std::nullopt;
  return header;
}

/// Whether a whole header stands somewhere behind `at`: then what is damaged before it was complete once.
bool frame_behind(std::string_view bytes, std::size_t at, const Hash128& base) noexcept {
  const std::string_view magic = bytes_of(kFrameMagic);
  while ((at = bytes.find(magic, at + 1)) != std::string_view::npos) {
    if (frame_at(bytes, at, base)) return true;
  }
  return false;
}

struct Frame {
  std::uint32_t kind;
  std::string_view payload;
  std::size_t end;
};

/// The frames of a file, up to the first that is none. An error where others follow it.
Result<std::vector<Frame>> frames_of(const std::string& path, std::string_view bytes, const Hash128& base) {
  std::vector<Frame> frames;
  for (std::size_t at = sizeof(FileHeader); at < bytes.size();) {
    const auto header = frame_at(bytes, at, base);
    const std::size_t begin = at + sizeof(FrameHeader);
    const bool whole = header && header->sequence == frames.size() && header->length <= bytes.size() - begin &&
                       XXH3_64bits(bytes.data() + begin, header->length) == header->payload_check;
    if (!whole) {
      if (!frame_behind(bytes, at, base)) break;
      return runtime_error(fmt::format(
          "{}: record {} is damaged at byte {}, and others follow it; take the file from a backup, or move it away and "
          "lose what was learned since the model was saved",
          datasets::quoted(path), frames.size() + 1, at));
    }
    at = begin + header->length;
    frames.push_back({header->kind, bytes.substr(begin, header->length), at});
  }
  return frames;
}

/// The number of the first frame that what has the content `base` lacks; nothing where the file is about something else.
std::optional<std::size_t> first_missing(const std::vector<Frame>& frames, const Hash128& written_for, const Hash128& base) {
  for (std::size_t i = frames.size(); i-- > 0;) {
    if (frames[i].kind == kSavedAs && frames[i].payload == bytes_of(base)) return i + 1;
  }
  return written_for == base ? std::optional<std::size_t>(0) : std::nullopt;
}

int write_all(int file, std::string_view bytes, std::uint64_t at) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written == 0 ? ENOSPC : errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return 0;
}

Error unusable(const std::string& path, const char* doing, int error_number) {
  return runtime_error(fmt::format("cannot {} {}: {}", doing, datasets::quoted(path), system::error_text(error_number)));
}

/// Puts a file without records in place, whole or not at all.
Result<void> write_empty(const std::string& path, const Hash128& base) {
  FileHeader header{.base = base};
  header.check = header.sum();
  system::TemporaryFile file;
  int error = file.create_beside(path);
  if (error == 0) error = file.write_at(std::as_bytes(std::span(&header, 1)), 0);
  if (error == 0) error = file.put_in_place();
  if (error != 0) return unusable(path, "write", error);
  return {};
}

Result<system::Descriptor> open_locked(const std::string& path) {
  system::Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.number() < 0) return unusable(path, "open", errno);
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return unusable(path, "lock", errno);
    return runtime_error(fmt::format("{} is in use by another process; end that first", datasets::quoted(path)));
  }
  return file;
}

}  // namespace

Error Journal::failure(const char* doing, int error_number) const { return unusable(path_, doing, error_number); }

Result<Journal> Journal::open(const std::string& path, const Hash128& base,
                              const std::function<Result<void>(std::string_view)>& replay, Found* found) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    if (auto written = write_empty(path, base); !written) return written.error();
  }
  auto file = open_locked(path);
  if (!file) return file.error();
  Journal journal;
  journal.path_ = path;
  journal.file_ = std::move(*file);
  system::FileMapping mapping;
  if (const int failed = mapping.map(journal.file_.number()); failed != 0) return unusable(path, "read", failed);
  const std::string_view bytes = mapping.bytes();
  const auto header = object_at<FileHeader>(bytes, 0);
  if (!header || header->magic != kMagic || header->check != header->sum())
    return runtime_error(
        fmt::format("{} is no journal of this version, or its begin is damaged; move it away", datasets::quoted(path)));
  journal.base_ = header->base;
  const auto frames = frames_of(path, bytes, header->base);
  if (!frames) return frames.error();
  const auto first = first_missing(*frames, header->base, base);
  if (!first)
    return runtime_error(
        fmt::format("{} goes on from another file than the one that is beside it; put that one back, or move the journal away "
                    "and lose what it holds",
                    datasets::quoted(path)));
  Found counted;
  for (std::size_t i = 0; i < frames->size(); ++i) {
    if ((*frames)[i].kind != kRecord) continue;
    if (i < *first) {
      ++counted.skipped;
      continue;
    }
    if (auto done = replay((*frames)[i].payload); !done)
      return runtime_error(fmt::format("{}: record {}: {}", datasets::quoted(path), i + 1, done.error().message));
    ++counted.replayed;
  }
  journal.sequence_ = frames->size();
  journal.end_ = frames->empty() ? sizeof(FileHeader) : frames->back().end;
  counted.dropped = bytes.size() - journal.end_;
  mapping = system::FileMapping();
  if (counted.dropped > 0 &&
      (::ftruncate(journal.file_.number(), static_cast<off_t>(journal.end_)) != 0 || ::fsync(journal.file_.number()) != 0))
    return unusable(path, "write", errno);
  if (found != nullptr) *found = counted;
  return journal;
}

Result<void> Journal::append(std::string_view record) { return add(kRecord, record); }

Result<void> Journal::will_be_saved_as(const Hash128& next) { return add(kSavedAs, bytes_of(next)); }

Result<void> Journal::begin_anew(const Hash128& base) {
  if (auto written = write_empty(path_, base); !written) return written;
  auto file = open_locked(path_);
  if (!file) return file.error();
  file_ = std::move(*file);
  base_ = base;
  end_ = sizeof(FileHeader);
  sequence_ = 0;
  broken_ = false;
  return {};
}

Result<void> Journal::add(std::uint32_t kind, std::string_view payload) {
  if (broken_)
    return runtime_error(fmt::format("{} could not be written before, and nobody knows what of it is on the disk; start again",
                                     datasets::quoted(path_)));
  if (payload.size() > kMostPayload)
    return runtime_error(fmt::format("a record of {} bytes is too large for {}; the most is {}", payload.size(),
                                     datasets::quoted(path_), kMostPayload));
  FrameHeader header{.kind = kind, .sequence = sequence_, .length = payload.size()};
  header.payload_check = XXH3_64bits(payload.data(), payload.size());
  header.check = header.sum(base_);
  std::string frame(bytes_of(header));
  frame += payload;
  if (const int error = write_all(file_.number(), frame, end_); error != 0) {
    broken_ = ::ftruncate(file_.number(), static_cast<off_t>(end_)) != 0;
    return failure("write", error);
  }
  if (::fsync(file_.number()) != 0) {
    const int error = errno;
    broken_ = true;  // what a failed sync has left on the disk is unknown, and a second one would succeed in any case
    [[maybe_unused]] const int cut = ::ftruncate(file_.number(), static_cast<off_t>(end_));
    return failure("sync", error);
  }
  end_ += frame.size();
  ++sequence_;
  return {};
}

}  // namespace glissade::datasets
