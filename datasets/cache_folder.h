#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "datasets/cache.h"

namespace glissade::datasets {

/// A file of the binary cache.
struct CachedFile {
  std::string path;
  std::uint64_t bytes = 0;
  double idle_seconds = 0;              ///< since it was last used or written
  std::optional<CacheSummary> summary;  ///< none: of another version, damaged, or left by a process that was killed
};

/// The cache files in a folder, the ones used last first. Other files are passed over; a folder that is not there holds none.
Result<std::vector<CachedFile>> cached_files(const std::string& folder);

/// Which files are removed.
struct CacheLimits {
  std::optional<double> idle_seconds = {};  ///< those that were not used for so long
  std::optional<std::uint64_t> bytes = {};  ///< of the others those used longest ago, until they take no more than this
  std::vector<std::string> spared = {};     ///< paths or names: these files stay, and count towards `bytes`
};

/// What was removed, and what stays.
struct CacheCleared {
  std::uint64_t removed_files = 0, removed_bytes = 0;
  std::uint64_t kept_files = 0, kept_bytes = 0;
};

/// Removes cache files, all of them without limits. Safe at any time: a process that has one mapped keeps it. Fails at the first
/// that cannot be removed.
Result<CacheCleared> clear_cache(const std::string& folder, const CacheLimits& limits);

}  // namespace glissade::datasets
