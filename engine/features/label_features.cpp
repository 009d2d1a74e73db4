#include "engine/features/label_features.h"

#include <cstddef>
#include <unordered_set>

#include "engine/features/row_windows.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint32_t kLeastRows = 3;  ///< a word of one row stands in exactly the rows of each rare label of that row
constexpr std::uint64_t kLeastLabels = 20;
constexpr double kMostly = 0.5;

/// Which rows an id stands in: their number, and a sum over them that other rows have by chance only (2^-64).
struct Place {
  std::uint64_t rows = 0;
  std::uint32_t count = 0;
};

struct Places {
  std::vector<Place> features, labels;
};

Places places_of(const DatasetView& samples, const RowPager* pager) {
  Places places{std::vector<Place>(samples.feature_count), std::vector<Place>(samples.label_count)};
  for_each_row(samples, pager, [&](std::size_t row) {
    const std::uint64_t code = hashing::mix(std::uint64_t{row} + 1);
    const auto add = [&](Place& place) {
      place.rows += code;
      ++place.count;
    };
    for (const std::uint32_t id : samples.features.row_ids(row)) add(places.features[id]);
    for (const std::uint32_t id : samples.labels.row_ids(row)) add(places.labels[id]);
  });
  return places;
}

/// Whether the labels with such a feature are most of all, and too many for an accident.
bool explain_labels(const std::vector<Place>& labels, const std::unordered_set<std::uint64_t>& of_features) {
  std::uint64_t told = 0;
  double all = 0, told_occurrences = 0;
  for (const Place& label : labels) {
    if (label.count < kLeastRows) continue;
    all += label.count;
    if (!of_features.contains(label.rows)) continue;
    ++told;
    told_occurrences += label.count;
  }
  return told >= kLeastLabels && told_occurrences > kMostly * all;
}

/// The rows that have a feature which is none of those that are flagged.
std::size_t rows_with_others(const DatasetView& samples, const RowPager* pager, const std::vector<bool>& flagged) {
  std::size_t rows = 0;
  for_each_row(samples, pager, [&](std::size_t row) {
    for (const std::uint32_t id : samples.features.row_ids(row)) {
      if (flagged[id]) continue;
      ++rows;
      return;
    }
  });
  return rows;
}

}  // namespace

std::vector<std::uint32_t> find_label_features(const DatasetView& data, const RowPager* pager) {
  DatasetView samples = data;
  samples.features.offsets = data.features.offsets.first(data.features.offsets.size() - data.added);
  samples.labels.offsets = data.labels.offsets.first(data.labels.offsets.size() - data.added);
  if (samples.size() == 0) return {};
  const Places places = places_of(samples, pager);
  std::unordered_set<std::uint64_t> of_labels, of_features;
  for (const Place& label : places.labels) {
    if (label.count > 0) of_labels.insert(label.rows);
  }
  std::vector<std::uint32_t> found;
  std::vector<bool> flagged(places.features.size());
  for (std::uint32_t id = 0; id < places.features.size(); ++id) {
    const Place& feature = places.features[id];
    if (feature.count == 0 || !of_labels.contains(feature.rows)) continue;
    of_features.insert(feature.rows);
    flagged[id] = true;
    found.push_back(id);
  }
  if (!explain_labels(places.labels, of_features)) return {};
  const auto others = static_cast<double>(rows_with_others(samples, pager, flagged));
  return others > kMostly * static_cast<double>(samples.size()) ? found : std::vector<std::uint32_t>();
}

}  // namespace glissade
