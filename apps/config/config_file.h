#pragma once

#include <string>
#include <vector>

#include <glissade/result.h>
#include <glissade/settings.h>

namespace glissade::apps {

/// Reads a TOML file whose keys are option names, e.g. `learning-rate = 0.002` or `hidden = [512, 256]`. The file's form is
/// checked here, names and values when they are applied.
Result<std::vector<Setting>> read_config_file(const std::string& path);

}  // namespace glissade::apps
