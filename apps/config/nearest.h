#pragma once

#include <span>
#include <string>
#include <string_view>

namespace glissade::apps {

/// The word of `known` that is the fewest edits (Levenshtein 1966) from `word`, or "" if none is close enough to be what was
/// meant.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace glissade::apps
