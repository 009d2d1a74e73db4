#pragma once

#include <string>

#include "apps/serve/served_model.h"

namespace glissade::apps {

/// The description of all routes (OpenAPI 3), of the inputs and options that this model takes alone.
std::string description_for(const ServedModel& model);

}  // namespace glissade::apps
