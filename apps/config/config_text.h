#pragma once

#include <string>
#include <string_view>

#include <glissade/config.h>

namespace glissade::apps {

/// The options of a model as TOML, one 'option = value' per line, in the order of the manual: what read_config_file() reads back
/// as the same configuration.
std::string config_text(const Config& config);

}  // namespace glissade::apps
