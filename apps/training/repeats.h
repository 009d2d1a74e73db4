#pragma once

#include <string>
#include <vector>

#include <glissade/result.h>

#include "datasets/dataset.h"

namespace glissade::apps {

/// What --repeated-rows says.
enum class RepeatedRows {
  once,  ///< rows that say nothing new are left out
  keep,
};
Result<RepeatedRows> choose_repeated_rows(const std::string& text);

/// `rows` without those that are flagged. Tells it in a line unless `quiet`.
datasets::Dataset without_repeats(const datasets::Dataset& rows, const std::vector<bool>& repeated, bool quiet);

}  // namespace glissade::apps
