#pragma once

#include <string>
#include <string_view>

namespace glissade {

/// UTF-8 text in lower case: the letters of ASCII, Latin-1 and Latin Extended-A, Greek and Cyrillic, by Unicode's simple case
/// folding. All other bytes stay, whatever they are.
std::string fold_case(std::string_view text);

}  // namespace glissade
