#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "apps/autotune/search_state.h"

namespace glissade::apps {

/// How a candidate is called: its options.
std::string trial_name(const Candidate& candidate);

/// The table of trials, line by line: settings, rung, rows, epochs, time, score with its interval or why the trial was lost.
/// Names take `width` places.
std::string trial_head(const std::string& metric, std::size_t width);
std::string trial_row(const Trial& trial, std::size_t width);

/// The event of `--log-json`.
nlohmann::ordered_json trial_json(const Trial& trial, const std::string& metric);

}  // namespace glissade::apps
