#pragma once

#include <string>

#include <glissade/config.h>
#include <glissade/views.h>

namespace glissade::apps {

/// A note if the data are read block by block, and their rows lie in an order that blocks keep. `path`: of the training data.
void warn_of_order(const Config& config, const DatasetView& data, const std::string& path);

}  // namespace glissade::apps
