#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <string>
#include <vector>

namespace glissade::datasets {

/// Reads one name per line (plain, .gz, .zst, .bz2 or .xz; CRLF accepted; no trailing empty line). Fails unless there are exactly
/// `expected` names; `what` ("label" or "feature") is for the message.
Result<std::vector<std::string>> read_names(const std::string& path, std::size_t expected, const std::string& what);

}  // namespace glissade::datasets
