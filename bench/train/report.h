#pragma once

#include <string>

#include "bench/train/json.h"

namespace glissade::bench {

/// For each variant and each scalar of its runs: {"median", "min", "max"} over the rounds.
Json summarise(const Json& runs);

/// Machine, build, command line and data as a list; then what was reached and what it cost, a row per variant.
std::string markdown(const Json& report);

/// Every evaluated epoch of every run.
std::string markdown_curve(const Json& report);

}  // namespace glissade::bench
