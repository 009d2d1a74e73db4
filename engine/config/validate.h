#pragma once

#include <glissade/config.h>
#include <glissade/result.h>

namespace glissade::config {

/// As validate(), for the configuration of a model file: without what only new models have to keep, so that files that were
/// written before a check existed can still be read.
Result<void> validate_stored(const Config& config, const Shape& shape);

}  // namespace glissade::config
