#pragma once

#include <optional>
#include <string>

#include <glissade/result.h>

#include "datasets/records/record_files.h"

namespace glissade::apps {

/// For `info --data`: which columns a file of records has, what they seem to hold, and how to train on them: a page, or one JSON
/// object whose shares are from 0 to 1. `options` as for a training, without columns. Nothing where the content is no records.
Result<std::optional<std::string>> columns_page(const std::string& path, const datasets::RecordOptions& options, bool json);

}  // namespace glissade::apps
