#include "apps/training/part_names.h"

#include <utility>

#include "datasets/names.h"

namespace glissade::apps {

Result<PartNames> read_part_names(const std::string& label_file, const std::string& feature_file, const Shape& shape) {
  PartNames names;
  if (!label_file.empty()) {
    auto labels = datasets::read_names(label_file, shape.labels, "label");
    if (!labels) return labels.error();
    names.labels = std::move(*labels);
  }
  if (!feature_file.empty()) {
    auto features = datasets::read_names(feature_file, shape.features, "feature");
    if (!features) return features.error();
    names.features = std::move(*features);
  }
  return names;
}

}  // namespace glissade::apps
