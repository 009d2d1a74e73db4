#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include <fmt/format.h>

#include <glissade/options.h>

namespace glissade {
namespace {

constexpr std::size_t kRowsLookedAt = 20'000;
constexpr double kLongText = 30;  ///< features a row
constexpr std::size_t kFewRows = 200'000;

constexpr double kEnoughMisses = 20;

/// How many labels would be among their sample's own features by chance, if the two had nothing to do with each other: the pairs
/// of a sample's feature and label, times the probability that a feature and a label drawn from all of them have the same id.
double expected_meetings(const DatasetView& data, std::size_t rows) {
  std::unordered_map<std::uint32_t, double> labels;  // there may be many more ids than rows
  double all_labels = 0, all_features = 0, pairs = 0, together = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (const std::uint32_t label : data.labels.row_ids(row)) ++labels[label];
    const auto of_row = static_cast<double>(data.labels.row_ids(row).size());
    all_labels += of_row;
    pairs += of_row * static_cast<double>(data.features.row_ids(row).size());
  }
  for (std::size_t row = 0; row < rows; ++row) {
    for (const std::uint32_t id : data.features.row_ids(row)) {
      ++all_features;
      if (const auto label = labels.find(id); label != labels.end()) together += label->second;
    }
  }
  return together == 0 ? 0.0 : pairs * together / (all_features * all_labels);
}

/// Whether features and labels are the same things, as far as the first rows tell: as many of both, no values, and no label that
/// is among its sample's own features although chance alone would have put some there.
bool looks_like_items(const DatasetView& data) {
  if (data.feature_count != data.label_count) return false;
  const std::size_t rows = std::min(kRowsLookedAt, data.size());
  for (std::size_t row = 0; row < rows; ++row) {
    const auto features = data.features.row_ids(row);
    if (!std::ranges::all_of(data.features.row_values(row), [](float value) { return value == 1.f; })) return false;
    for (const std::uint32_t label : data.labels.row_ids(row)) {
      if (std::ranges::find(features, label) != features.end()) return false;
    }
  }
  return expected_meetings(data, rows) >= kEnoughMisses;
}

/// Entries of the view's own rows: it may be a slice of something larger.
double entries(const SparseRows& rows) {
  return rows.rows() == 0 ? 0.0 : static_cast<double>(rows.offsets.back() - rows.offsets.front());
}

}  // namespace

PresetChoice choose_preset(const DatasetView& data) {
  if (looks_like_items(data)) {
    return {"items", fmt::format("features and labels are {} items, and no sample has one as both", data.feature_count)};
  }
  const double features = data.size() == 0 ? 0.0 : entries(data.features) / static_cast<double>(data.size());
  const bool few = data.size() < kFewRows;
  return {features >= kLongText ? "long-text" : (few ? "few-rows" : "short-text"),
          fmt::format("{} rows, {:.1f} features each; {} features and more count as long, less than {} rows as few", data.size(),
                      features, kLongText, kFewRows)};
}

}  // namespace glissade
