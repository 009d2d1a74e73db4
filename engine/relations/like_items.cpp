#include "engine/relations/like_items.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace glissade {
namespace {

constexpr std::size_t kRowsLookedAt = 20'000;
constexpr double kEnoughMisses = 20;

/// How many labels would be among their sample's own features by chance, if the two had nothing to do with each other: the pairs
/// of a sample's feature and label, times the probability that a feature and a label drawn from all of them are the same thing.
double expected_meetings(const DatasetView& data, std::size_t rows, const OwnLabels& own) {
  std::unordered_map<std::uint32_t, double> labels;  // there may be many more ids than rows
  double all_labels = 0, all_features = 0, pairs = 0, together = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (const std::uint32_t label : data.labels.row_ids(row)) ++labels[label];
    const auto of_row = static_cast<double>(data.labels.row_ids(row).size());
    all_labels += of_row;
    pairs += of_row * static_cast<double>(data.features.row_ids(row).size());
  }
  for (std::size_t row = 0; row < rows; ++row) {
    all_features += static_cast<double>(data.features.row_ids(row).size());
    own.visit(data.features.row_ids(row), [&](std::uint32_t own_label) {
      if (const auto label = labels.find(own_label); label != labels.end()) together += label->second;
    });
  }
  return together == 0 ? 0.0 : pairs * together / (all_features * all_labels);
}

}  // namespace

bool are_same_things(const DatasetView& data, const OwnLabels& own) {
  const std::size_t rows = std::min(kRowsLookedAt, data.size());
  for (std::size_t row = 0; row < rows; ++row) {
    const auto labels = data.labels.row_ids(row);
    if (!std::ranges::all_of(data.features.row_values(row), [](float value) { return value == 1.f; })) return false;
    bool both = false;
    own.visit(data.features.row_ids(row), [&](std::uint32_t label) { both |= std::ranges::find(labels, label) != labels.end(); });
    if (both) return false;
  }
  return expected_meetings(data, rows, own) >= kEnoughMisses;
}

bool looks_like_items(const DatasetView& data) {
  return data.feature_count == data.label_count && are_same_things(data, OwnLabels({}, data.label_count));
}

}  // namespace glissade
