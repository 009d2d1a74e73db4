#pragma once

#include <span>
#include <string_view>

namespace glissade {

/// For messages about an unknown name: the one of `known` that is the fewest edits from `text` (insertions, deletions,
/// substitutions, swaps of neighbours), the first of equals. Empty if none is within half of the text's length, where a guess
/// would only confuse. The result points into `known`. Thread-safe; costs the product of the lengths for each known name.
std::string_view nearest_name(std::string_view text, std::span<const std::string_view> known);

}  // namespace glissade
