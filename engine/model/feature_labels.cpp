#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/model/sections.h"
#include "engine/relations/own_labels.h"

namespace glissade {

std::string_view defect_of(std::span<const std::uint32_t> feature_labels, const Shape& shape) {
  if (feature_labels.empty()) return {};
  if (feature_labels.size() != shape.features) return "they are not one per feature";
  std::vector<bool> taken(shape.labels);
  for (const std::uint32_t label : feature_labels) {
    if (label == OwnLabels::kNone) continue;
    if (label >= shape.labels) return "one is beyond the labels";
    if (taken[label]) return "two features are one label";
    taken[label] = true;
  }
  return {};
}

}  // namespace glissade
