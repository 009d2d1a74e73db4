#pragma once

#include <nlohmann/json.hpp>

namespace glissade::bench {

/// Facts and results travel as JSON from the worker processes to the report; keys keep their order.
using Json = nlohmann::ordered_json;

}  // namespace glissade::bench
