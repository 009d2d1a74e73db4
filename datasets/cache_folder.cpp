#include "datasets/cache_folder.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "datasets/message.h"
#include "system/message.h"

namespace glissade::datasets {
namespace {

constexpr std::size_t kKeyDigits = 32;
constexpr std::string_view kEnding = ".glsc";

/// "KEY.glsc", or what a killed process leaves beside it: "KEY.glsc.tmp-..".
bool is_cache_name(std::string_view name) {
  const bool digits = name.size() >= kKeyDigits + kEnding.size() &&
                      name.substr(0, kKeyDigits).find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!digits || name.substr(kKeyDigits, kEnding.size()) != kEnding) return false;
  const std::string_view rest = name.substr(kKeyDigits + kEnding.size());
  return rest.empty() || rest.starts_with(".tmp-");
}

double seconds_of(const timespec& time) { return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec); }

void keep(const CachedFile& file, CacheCleared& cleared) {
  ++cleared.kept_files;
  cleared.kept_bytes += file.bytes;
}

}  // namespace

Result<std::vector<CachedFile>> cached_files(const std::string& folder) {
  std::vector<CachedFile> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error), end;
  if (error == std::errc::no_such_file_or_directory) return files;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  for (; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string();
    struct stat state {};
    if (!is_cache_name(entry->path().filename().string()) || ::lstat(path.c_str(), &state) != 0 || !S_ISREG(state.st_mode))
      continue;
    const double idle = std::max(0.0, seconds_of(now) - std::max(seconds_of(state.st_atim), seconds_of(state.st_mtim)));
    files.push_back({path, static_cast<std::uint64_t>(state.st_size), idle, {}});
  }
  if (error)
    return runtime_error(
        fmt::format("cannot list {}: {}; name the cache's folder by --cache-dir", datasets::quoted(folder), error.message()));
  std::ranges::sort(files, [](const CachedFile& a, const CachedFile& b) {
    return a.idle_seconds != b.idle_seconds ? a.idle_seconds < b.idle_seconds : a.path < b.path;
  });
  return files;
}

Result<CacheCleared> clear_cache(const std::string& folder, const CacheLimits& limits) {
  const auto files = cached_files(folder);
  if (!files) return files.error();
  CacheCleared cleared;
  const auto name_of = [](const std::string& path) { return std::filesystem::path(path).filename(); };
  const auto is_spared = [&](const CachedFile& file) {
    return std::ranges::any_of(limits.spared, [&](const std::string& path) { return name_of(path) == name_of(file.path); });
  };
  for (const CachedFile& file : *files) {
    if (is_spared(file)) keep(file, cleared);
  }
  bool full = false;
  for (const CachedFile& file : *files) {
    if (is_spared(file)) continue;
    const bool in_use = limits.idle_seconds && file.idle_seconds < *limits.idle_seconds;
    full = full || (limits.bytes && cleared.kept_bytes + file.bytes > *limits.bytes);
    const bool kept = limits.idle_seconds ? in_use && !full : limits.bytes && !full;
    if (kept) {
      keep(file, cleared);
      continue;
    }
    std::error_code error;
    std::filesystem::remove(file.path, error);
    if (error)
      return runtime_error(
          fmt::format("cannot remove {}: {}; check the rights of its folder", datasets::quoted(file.path), error.message()));
    ++cleared.removed_files;
    cleared.removed_bytes += file.bytes;
  }
  return cleared;
}

}  // namespace glissade::datasets
