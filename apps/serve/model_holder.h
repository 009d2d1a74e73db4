#pragma once

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include <glissade/result.h>

#include "apps/serve/served_model.h"

namespace glissade::apps {

/// Which file a path names, and which content it has, as far as the system tells without reading it.
struct FileMark {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;
  friend bool operator==(const FileMark&, const FileMark&) = default;

  /// Nothing where there is no file.
  static std::optional<FileMark> of(const std::string& path);
};

/// The model that answers, which others take the place of. current() and put() are thread-safe.
class ModelHolder {
 public:
  using Clock = std::chrono::steady_clock;

  /// `model` was read from `path` when that had `mark`.
  ModelHolder(std::string path, std::optional<FileMark> mark, ServedHandle model);

  ServedHandle current() const;
  void put(ServedHandle model);

  /// Reads the file again where it is another one than the one that was read last. A file that cannot be read is told in one
  /// line, once, and the model stays. From one thread.
  void reload_if_replaced();
  /// The file is replaced by what answers already.
  void replaced_by_own(std::optional<FileMark> mark);
  /// Whether the file is another one than the one that was read last; true once for each such file.
  bool replaced();

  double age_seconds() const;  ///< since the last put()
  std::uint64_t reloads() const noexcept { return reloads_; }
  std::uint64_t failed_reloads() const noexcept { return failed_reloads_; }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  mutable std::mutex mutex_;  ///< of what follows
  std::optional<FileMark> mark_;
  ServedHandle model_;
  Clock::time_point since_;
  std::atomic<std::uint64_t> reloads_ = 0, failed_reloads_ = 0;
};

}  // namespace glissade::apps
