#include <glissade/runtime.h>

#include <sys/resource.h>

#include <fstream>
#include <iterator>
#include <string_view>

#include "engine/config/text.h"
#include "engine/runtime/available_memory.h"
#include "simd/level.h"

namespace glissade {

namespace {

/// A field of this process's status; 0 if it is not there.
double status_mib(std::string_view field) {
  std::ifstream file("/proc/self/status", std::ios::binary);
  const std::string status(std::istreambuf_iterator<char>(file), {});
  return static_cast<double>(runtime::kib_field(status, field).value_or(0)) / (1024.0 * 1024.0);
}

}  // namespace

const char* version() noexcept { return GLISSADE_VERSION; }

std::vector<SimdLevel> simd_levels() {
  std::vector<SimdLevel> levels;
  const simd::Level active = simd::active_level();
  for (int i = 0; i < simd::kLevelCount; ++i) {
    const auto level = static_cast<simd::Level>(i);
    levels.push_back({std::string(simd::level_name(level)), simd::is_compiled(level), simd::is_usable(level), level == active});
  }
  return levels;
}

Result<void> check_environment() {
  const simd::Ceiling ceiling = simd::environment_ceiling();
  if (ceiling.status != simd::Ceiling::Status::unknown) return {};
  std::string known;
  for (int i = 0; i < simd::kLevelCount; ++i) {
    if (i > 0) known += " | ";
    known += simd::level_name(static_cast<simd::Level>(i));
  }
  return usage_error("environment variable GLISSADE_SIMD: " + config::quoted(ceiling.text) +
                     " is not an instruction-set level; allowed: " + known + ", or leave it unset");
}

double peak_memory_mib() {
  if (const double peak = status_mib("VmHWM"); peak > 0) return peak;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<double>(usage.ru_maxrss) / 1024.0;  // Linux counts in KiB
}

double resident_memory_mib() { return status_mib("VmRSS"); }

}  // namespace glissade
