#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <glissade/result.h>

namespace glissade::apps {

/// Usage error if `path` is one of `inputs`, files that the command reads.
Result<void> check_not_input(const std::string& path, const std::vector<std::string>& inputs);

/// Usage error if `path`, the value of `option`, is '-': standard input and output cannot be mapped, replaced or gone back in.
Result<void> check_file_name(std::string_view option, const std::string& path);

/// Fails early if a file could not be put at `path` later by writing a neighbour and renaming it; an existing file is left as it
/// is. None of `inputs` may be overwritten.
Result<void> check_replaceable(const std::string& path, const std::vector<std::string>& inputs);

}  // namespace glissade::apps
