#pragma once

#include <cstdint>
#include <string>

#include "datasets/read.h"

namespace glissade::apps {

/// What reading 'path' changed or skipped, as one line: "'x.svm': 3 duplicate features were added up, 2 comments skipped". "" if
/// nothing.
std::string changes_text(const std::string& path, const datasets::ReadChanges& changes);

/// What a model of so many features and labels does not know of 'path', as one line. "" if it knows all.
std::string unknown_text(const std::string& path, std::uint64_t features, std::uint32_t known_features, std::uint64_t labels,
                         std::uint32_t known_labels);

}  // namespace glissade::apps
