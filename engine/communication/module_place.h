#pragma once

namespace glissade {

/// The folder that holds libglissade_mpi.so once it is installed, and the way to it from that of programs. Meson writes what
/// defines them.
extern const char* const kInstalledModules;
extern const char* const kModulesFromPrograms;

}  // namespace glissade
