#pragma once

#include <string>
#include <vector>

#include <glissade/result.h>

namespace glissade::apps {

/// Usage error if `path` is one of `inputs`, files that the command reads.
Result<void> check_not_input(const std::string& path, const std::vector<std::string>& inputs);

/// Fails early if a file could not be put at `path` later by writing a neighbour and renaming it; an existing file is left as it
/// is. None of `inputs` may be overwritten.
Result<void> check_replaceable(const std::string& path, const std::vector<std::string>& inputs);

}  // namespace glissade::apps
