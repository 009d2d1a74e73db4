#pragma once

#include <string_view>

namespace glissade::datasets {

/// What stands between the fields of a table without a name for it: of tab , ; and | the one that stands equally often in each of
/// the first records of `text`, the one that is there most often if several do, and the first of those. If none does, the one
/// that the first record has most often. What quotes enclose does not count. ',' if there is none.
char separator_of(std::string_view text) noexcept;

}  // namespace glissade::datasets
