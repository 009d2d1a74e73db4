#include "bench/train/machine.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include <glissade/runtime.h>

namespace glissade::bench {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

std::string kernel() {
  utsname name{};
  return uname(&name) == 0 ? fmt::format("{} {}", name.sysname, name.release) : "unknown";
}

std::string compiler() {
#if defined(__clang__)
  return __VERSION__;
#else
  return fmt::format("g++ {}", __VERSION__);
#endif
}

std::string simd_level() {
  for (const SimdLevel& level : simd_levels()) {
    if (level.active) return level.name;
  }
  return "unknown";
}

}  // namespace

Json machine() {
  double load = 0;
  if (getloadavg(&load, 1) != 1) load = -1;
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return {{"cpu", cpu_model()},
          {"cpus", usable_cpus()},
          {"memory_mib", memory / (1024.0 * 1024.0)},
          {"kernel", kernel()},
          {"simd", simd_level()},
          {"load_before", load},
          {"compiler", compiler()},
          {"build_type", GLISSADE_BUILD_TYPE},
          {"version", version()},
          {"commit", commit()}};
}

std::string command_line(const std::vector<std::string>& command) {
  std::string line;
  for (const std::string& word : command) {
    if (!line.empty()) line += ' ';
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$&|;<>()*?[]#~`{}!") == std::string::npos;
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace glissade::bench
