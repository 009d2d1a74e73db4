#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include <glissade/options.h>

#include "engine/relations/like_items.h"

namespace glissade {
namespace {

constexpr double kLongText = 30;  ///< features a row
/// So many rows of less than kLongText features, or so many features in longer rows, are little work: few-rows makes 12 passes,
/// and 3 over the sparse rows. On 5,000 rows it is better than long-text or as good, also where rows are long
/// (bench/peers/RECIPE.md).
constexpr double kFewRows = 200'000;

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
  const bool few = static_cast<double>(data.size()) * std::max(features, kLongText) < kFewRows * kLongText;
  const std::string_view larger = features >= kLongText ? "long-text" : "short-text";
  return {few ? "few-rows" : larger,
          fmt::format("{} rows, {:.1f} features each; less than {} rows of {} features count as few, of "
                      "more rows {} features and more as long",
                      data.size(), features, kFewRows, kLongText, kLongText)};
}

}  // namespace glissade
