#pragma once

#include <span>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>

namespace glissade::apps {

/// Names of labels and of features; empty where they have none.
struct PartNames {
  std::vector<std::string> labels;
  std::vector<std::string> features;
};

/// The same, owned by another.
struct PartNamesView {
  std::span<const std::string> labels;
  std::span<const std::string> features;

  bool both() const noexcept { return !labels.empty() && !features.empty(); }
};

/// Of files with one name a line, "" = none, for as many as `shape` has.
Result<PartNames> read_part_names(const std::string& label_file, const std::string& feature_file, const Shape& shape);

}  // namespace glissade::apps
