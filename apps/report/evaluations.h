#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include <glissade/result.h>

namespace glissade::apps {

/// Reads what `eval --examples` wrote, and fails on any other file.
Result<nlohmann::ordered_json> read_examples(const std::string& path);

}  // namespace glissade::apps
