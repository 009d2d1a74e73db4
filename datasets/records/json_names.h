#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datasets/records/layout.h"

namespace glissade::datasets {

/// The names in the JSON objects of the first lines of a text, "a.b" for those of objects inside, each once, in their order.
std::vector<std::string> json_names(std::string_view text);

/// Where an object has the columns asked for.
JsonNames json_tree(const std::vector<std::string>& asked);

/// Whether some object of a text may have a column: whether the last part of its name stands there between quotes.
bool json_may_have(std::string_view text, std::string_view column);

}  // namespace glissade::datasets
