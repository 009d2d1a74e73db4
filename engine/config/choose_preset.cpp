#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <fmt/format.h>

#include <glissade/options.h>

#include "engine/relations/like_items.h"

namespace glissade {
namespace {

constexpr double kLongText = 30;  ///< features a row
constexpr std::size_t kFewRows = 200'000;

/// Entries of the view's own rows: it may be a slice of something larger.
double entries(const SparseRows& rows) {
  return rows.rows() == 0 ? 0.0 : static_cast<double>(rows.offsets.back() - rows.offsets.front());
}

}  // namespace

PresetChoice choose_preset(const DatasetView& data, std::span<const std::uint32_t> feature_labels) {
  if (!feature_labels.empty() && are_same_things(data, OwnLabels(feature_labels, data.label_count))) {
    return {"items", fmt::format("{} of {} labels are features under other ids, and no sample has one as both",
                                 std::ranges::count_if(feature_labels, [](auto label) { return label != OwnLabels::kNone; }),
                                 data.label_count)};
  }
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
