#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "system/message.h"

namespace glissade::datasets {

using system::shown;

/// 'path', fit for a one-line message; 'standard input' for "-".
std::string quoted(std::string_view path);

/// 'path':line, lines counted from 1.
std::string place(std::string_view path, std::uint64_t line);

}  // namespace glissade::datasets
