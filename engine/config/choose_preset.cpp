#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include <glissade/options.h>

namespace glissade {
namespace {

constexpr std::size_t kRowsLookedAt = 20'000;
constexpr double kLongText = 30;  ///< features a row
constexpr std::size_t kFewRows = 200'000;

/// Whether features and labels are the same things, as far as the first rows tell: as many of both, no values, and no label that
/// is among its sample's own features.
bool looks_like_items(const DatasetView& data) {
  if (data.feature_count != data.label_count) return false;
  for (std::size_t row = 0; row < std::min(kRowsLookedAt, data.size()); ++row) {
    const auto features = data.features.row_ids(row);
    if (!std::ranges::all_of(data.features.row_values(row), [](float value) { return value == 1.f; })) return false;
    for (const std::uint32_t label : data.labels.row_ids(row)) {
      if (std::ranges::find(features, label) != features.end()) return false;
    }
  }
  return true;
}

}  // namespace

PresetChoice choose_preset(const DatasetView& data) {
  if (looks_like_items(data)) {
    return {"items", fmt::format("features and labels are {} items, and no sample has one as both", data.feature_count)};
  }
  const double features =
      data.size() == 0 ? 0.0 : static_cast<double>(data.features.ids.size()) / static_cast<double>(data.size());
  const bool few = data.size() < kFewRows;
  return {features >= kLongText ? "long-text" : (few ? "few-rows" : "short-text"),
          fmt::format("{} rows, {:.1f} features each; {} features and more count as long, less than {} rows as few", data.size(),
                      features, kLongText, kFewRows)};
}

}  // namespace glissade
