#include "engine/runtime/available_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <limits>

#include <glissade/options.h>

#include "engine/config/text.h"

namespace glissade {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

std::optional<std::string> read_small_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::optional<std::uint64_t> read_count(const std::string& path) {
  const auto text = read_small_file(path);
  std::uint64_t value = 0;
  if (!text || config::parse_number(config::trimmed(std::string_view(*text).substr(0, text->find('\n'))), value) !=
                   config::NumberStatus::ok) {
    return std::nullopt;  // missing, or "max"
  }
  return value;
}

/// The number behind "name " at the begin of a line, else 0.
std::uint64_t stat_field(std::string_view text, std::string_view name) noexcept {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::uint64_t value = 0;
    const bool matches = line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ';
    if (matches && config::parse_number(line.substr(name.size() + 1), value) == config::NumberStatus::ok) return value;
  }
  return 0;
}

/// What one version of cgroups calls its files.
struct Cgroup {
  const char* mount;
  const char* limit;
  const char* usage;
  std::array<const char*, 2> page_cache;  ///< in memory.stat: counted as used, but given up before anything else fails
};
constexpr std::array kCgroups = {
    Cgroup{"/sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file", "active_file"}},
    Cgroup{"/sys/fs/cgroup/unified", "memory.max", "memory.current", {"inactive_file", "active_file"}},
    Cgroup{
        "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", {"total_inactive_file", "total_active_file"}},
};

std::uint64_t left_in_group(const Cgroup& kind, const std::string& folder) {
  const auto limit = read_count(folder + "/" + kind.limit);
  if (!limit) return kNoLimit;
  const std::uint64_t usage = read_count(folder + "/" + kind.usage).value_or(0);
  const std::string stat = read_small_file(folder + "/memory.stat").value_or("");
  const std::uint64_t cache = stat_field(stat, kind.page_cache[0]) + stat_field(stat, kind.page_cache[1]);
  const std::uint64_t held = usage - std::min(usage, cache);
  return *limit - std::min(*limit, held);
}

/// The path of this process's group: of the memory controller (version 1) or of the one hierarchy (version 2, "0::").
std::string own_group(std::string_view cgroup_file, bool memory_controller) {
  while (!cgroup_file.empty()) {
    const std::string_view line = cgroup_file.substr(0, cgroup_file.find('\n'));
    cgroup_file.remove_prefix(std::min(line.size() + 1, cgroup_file.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (memory_controller ? controllers.find("memory") != std::string_view::npos : controllers.empty()) {
      return std::string(line.substr(second + 1));
    }
  }
  return "/";
}

/// Every group on the way up limits the process. In a container the own path may be the host's and not exist here: then the mount
/// point itself is the container's group.
std::uint64_t left_in_cgroups(const std::string& root) {
  const std::string groups = read_small_file(root + "/proc/self/cgroup").value_or("");
  std::uint64_t left = kNoLimit;
  for (const Cgroup& kind : kCgroups) {
    const std::string mount = root + kind.mount;
    std::string path = own_group(groups, std::string_view(kind.mount).ends_with("/memory"));
    while (!path.empty() && path != "/") {
      left = std::min(left, left_in_group(kind, mount + path));
      path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
    left = std::min(left, left_in_group(kind, mount));
  }
  return left;
}

std::uint64_t left_in_address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  const auto status = read_small_file("/proc/self/status");
  const std::uint64_t used = status ? runtime::kib_field(*status, "VmSize").value_or(0) : 0;
  return limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, used);
}

}  // namespace

namespace runtime {

std::optional<std::uint64_t> kib_field(std::string_view text, std::string_view name) noexcept {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    line = config::trimmed(line.substr(name.size() + 1));
    std::uint64_t kib = 0;
    if (!line.ends_with(" kB") ||
        config::parse_number(config::trimmed(line.substr(0, line.size() - 3)), kib) != config::NumberStatus::ok) {
      return std::nullopt;
    }
    return kib * 1024;
  }
  return std::nullopt;
}

std::uint64_t available_memory_below(const std::string& root) {
  std::uint64_t system = kNoLimit;
  if (const auto meminfo = read_small_file(root + "/proc/meminfo")) {
    system = kib_field(*meminfo, "MemAvailable").value_or(kNoLimit);
  }
  return std::min(system, left_in_cgroups(root));
}

}  // namespace runtime

std::uint64_t available_memory() { return std::min(runtime::available_memory_below(""), left_in_address_space()); }

}  // namespace glissade
