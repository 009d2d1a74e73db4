#pragma once

#include <array>

#include <glissade/model.h>

#include "apps/config/choice.h"

namespace glissade::apps {

inline constexpr std::array<Choice<Search>, 2> kSearches = {{{"exact", Search::exact}, {"lsh", Search::lsh}}};
inline constexpr const char* kSearchHelp =
    "exact scores every label; lsh only those in the buckets that a sample falls into, which is faster and misses some; rows "
    "that find fewer than k labels there are scored exactly. Default "
    "exact.";

}  // namespace glissade::apps
