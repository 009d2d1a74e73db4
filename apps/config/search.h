#pragma once

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <glissade/model.h>

#include "apps/config/choice.h"
#include "datasets/message.h"

namespace glissade::apps {

inline constexpr std::array<Choice<Search>, 5> kSearches = {{{"automatic", Search::automatic},
                                                             {"exact", Search::exact},
                                                             {"learned", Search::learned},
                                                             {"tables", Search::tables},
                                                             {"lsh", Search::tables}}};
inline constexpr const char* kSearchHelp =
    "exact scores every label; learned only those that look best by short codes of the output rows, which models with many "
    "labels hold; tables (or lsh) those in the buckets that a sample falls into; rows that find fewer than k labels there are "
    "scored exactly. automatic is learned where the model holds codes, but not for probabilities that these would leave off by a "
    "hundredth; else exact. Default automatic.";

/// The name of what was done, as it was asked for where it was.
inline std::string search_name(std::string_view asked, Search done) {
  if (asked != "automatic") return std::string(asked);
  return done == Search::learned ? "learned" : "exact";
}

inline Result<void> check_search(const Model& model, const std::string& path, Search search) {
  if (search != Search::learned || model.has_codes()) return {};
  return usage_error(fmt::format(
      "--search learned: {} holds no codes to search by (it has few labels, or its training was stopped); leave --search out",
      datasets::quoted(path)));
}

}  // namespace glissade::apps
