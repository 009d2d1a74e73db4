#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <glissade/options.h>

namespace glissade {
namespace {

constexpr std::size_t kRowsLookedAt = 20'000;
constexpr double kLongText = 30;  ///< features a row
constexpr std::size_t kFewRows = 200'000;

constexpr double kEnoughMisses = 20;

/// How often each id occurs, and how often all of them do.
struct Counts {
  explicit Counts(std::size_t ids) : of(ids) {}
  void add(std::span<const std::uint32_t> ids) {
    for (const std::uint32_t id : ids) {
      if (id < of.size()) ++of[id];
    }
    all += static_cast<double>(ids.size());
  }
  std::vector<double> of;
  double all = 0;
};

/// How many labels would be among their sample's own features by chance, if the two had nothing to do with each other.
double expected_meetings(const Counts& features, const Counts& labels, double pairs) {
  double together = 0;
  for (std::size_t id = 0; id < features.of.size(); ++id) together += features.of[id] * labels.of[id];
  return together == 0 ? 0.0 : pairs * together / (features.all * labels.all);
}

/// Whether features and labels are the same things, as far as the first rows tell: as many of both, no values, and no label that
/// is among its sample's own features although chance alone would have put some there.
bool looks_like_items(const DatasetView& data) {
  if (data.feature_count != data.label_count) return false;
  Counts features(data.feature_count), labels(data.label_count);
  double pairs = 0;
  for (std::size_t row = 0; row < std::min(kRowsLookedAt, data.size()); ++row) {
    const auto ids = data.features.row_ids(row), targets = data.labels.row_ids(row);
    if (!std::ranges::all_of(data.features.row_values(row), [](float value) { return value == 1.f; })) return false;
    for (const std::uint32_t label : targets) {
      if (std::ranges::find(ids, label) != ids.end()) return false;
    }
    features.add(ids);
    labels.add(targets);
    pairs += static_cast<double>(ids.size()) * static_cast<double>(targets.size());
  }
  return expected_meetings(features, labels, pairs) >= kEnoughMisses;
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
