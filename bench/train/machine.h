#pragma once

#include <string>
#include <vector>

#include "bench/train/json.h"

namespace glissade::bench {

/// The commit that was built, "-dirty" if files differed from it, "unknown" outside a checkout.
const char* commit() noexcept;

/// CPU, CPUs that this process may use, memory, kernel, active simd level, load before the first run; compiler, build type,
/// commit.
Json machine();

/// The command line such that a shell would take it back.
std::string command_line(const std::vector<std::string>& command);

}  // namespace glissade::bench
