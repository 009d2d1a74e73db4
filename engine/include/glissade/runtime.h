#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/result.h>

namespace glissade {

/// The library's version, "major.minor.patch".
const char* version() noexcept;

/// One instruction-set level as this build and this machine see it.
struct SimdLevel {
  std::string name;
  bool compiled = false;
  bool usable = false;
  bool active = false;
};
std::vector<SimdLevel> simd_levels();

/// Usage error if the environment asks for what does not exist (an unknown name in GLISSADE_SIMD). Model::create and Model::load
/// check it too.
Result<void> check_environment();

/// Highest resident set of this process so far, in MiB.
double peak_memory_mib();

/// For programs that fork while a model trains, as `glissade train` does to save it: once the child has ended, puts the
/// parameters back onto the huge pages that the copying of written pages took from them. Without it random row reads stay slower.
/// Any thread may call it, training may go on; takes some tenths of a second per GiB. Does nothing before Linux 6.1.
void restore_huge_pages() noexcept;

/// Resident set of this process now, in MiB; 0 where the system does not say.
double resident_memory_mib();

}  // namespace glissade
