#pragma once

#include <string>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade::apps {

/// Error unless the two models, read from these paths, have features and labels in common: as many, and the same names where both
/// have names.
Result<void> check_comparable(const Model& model, const std::string& path, const Model& other, const std::string& other_path);

/// Error unless rows that were read from `test` for each of two models have the same labels.
Result<void> check_same_labels(const DatasetView& rows, const std::string& path, const DatasetView& others,
                               const std::string& other_path, const std::string& test);

}  // namespace glissade::apps
