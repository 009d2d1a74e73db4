#include <glissade/data_profile.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include <oneapi/tbb/parallel_sort.h>

#include "engine/features/label_features.h"
#include "engine/features/row_codes.h"

namespace glissade {
namespace {

constexpr std::size_t kRowsLookedAt = 20'000;
constexpr double kUnitTolerance = 1e-3;  ///< of a row's length; files have some digits only
constexpr double kEnoughMisses = 20;     ///< as choose_preset() has it
constexpr double kNearlyAll = 0.99;      ///< part of the rows that must be so

/// Counts of what the values of some rows are, without outsized features.
class ValueLook {
 public:
  ValueLook(std::size_t features, std::span<const OutsizedFeature> outsized) : outsized_(features) {
    for (const OutsizedFeature& one : outsized) outsized_[one.feature] = true;
  }

  void look(std::span<const std::uint32_t> ids, std::span<const float> values) {
    double square = 0;
    std::size_t others = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const float value = values.empty() ? 1.f : values[i];
      negative_ |= value < 0;
      if (outsized_[ids[i]]) continue;
      ++others;
      square += double{value} * value;
      ones_ &= value == 1.f;
      whole_ &= value >= 0 && value == std::floor(value);
    }
    if (others == 0) return;
    lengths_.push_back(std::sqrt(square));
    unit_rows_ += std::abs(lengths_.back() - 1) <= kUnitTolerance ? 1 : 0;
  }

  double median_length() {
    if (lengths_.empty()) return 0;
    const auto middle = lengths_.begin() + static_cast<std::ptrdiff_t>(lengths_.size() / 2);
    std::ranges::nth_element(lengths_, middle);
    return *middle;
  }
  bool negative() const noexcept { return negative_; }
  ValueKind kind() const noexcept {
    if (ones_) return ValueKind::binary;
    if (whole_) return ValueKind::counts;
    return static_cast<double>(unit_rows_) >= kNearlyAll * static_cast<double>(lengths_.size()) ? ValueKind::normalised
                                                                                                : ValueKind::real;
  }

 private:
  std::vector<bool> outsized_;
  std::vector<double> lengths_;
  std::size_t unit_rows_ = 0;
  bool negative_ = false, ones_ = true, whole_ = true;
};

void look_at_repeats(const DatasetView& data, const RowPager* pager, DataProfile& out) {
  const std::vector<RowCode> codes = row_codes(data, pager);
  const auto repeats = [&](std::uint64_t RowCode::*code) {
    std::vector<std::uint64_t> sorted;
    sorted.reserve(codes.size());
    for (const RowCode& one : codes) sorted.push_back(one.*code);
    tbb::parallel_sort(sorted);
    return static_cast<std::uint64_t>(sorted.end() - std::unique(sorted.begin(), sorted.end()));
  };
  out.repeated_inputs = repeats(&RowCode::input);
  out.repeated_rows = repeats(&RowCode::row);
}

/// How often each id occurs, and in how many rows none does.
std::vector<std::uint32_t> occurrences(const SparseRows& rows, std::size_t ids, std::uint64_t& without) {
  std::vector<std::uint32_t> counts(ids);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto of_row = rows.row_ids(row);
    without += of_row.empty() ? 1 : 0;
    for (const std::uint32_t id : of_row) ++counts[id];
  }
  return counts;
}

std::uint32_t used(const std::vector<std::uint32_t>& counts) {
  return static_cast<std::uint32_t>(counts.size() - static_cast<std::size_t>(std::ranges::count(counts, 0u)));
}

/// Part of all occurrences that are of the most frequent hundredth (at least one) of the ids that occur.
double head_share(std::vector<std::uint32_t> counts, std::uint32_t used, double all) {
  if (used == 0) return 0;
  const auto head = counts.begin() + static_cast<std::ptrdiff_t>((std::size_t{used} + 99) / 100);
  std::nth_element(counts.begin(), head - 1, counts.end(), std::greater());
  double sum = 0;
  for (auto count = counts.begin(); count != head; ++count) sum += *count;
  return sum / all;
}

void look_at_ids(const DatasetView& data, DataProfile& out) {
  const auto features = occurrences(data.features, data.feature_count, out.rows_without_features);
  const auto labels = occurrences(data.labels, data.label_count, out.rows_without_labels);
  const double feature_entries = static_cast<double>(data.features.offsets.back() - data.features.offsets.front());
  const double label_entries = static_cast<double>(data.labels.offsets.back() - data.labels.offsets.front());
  const double rows = static_cast<double>(data.size());
  out.features_per_row = feature_entries / rows;
  out.labels_per_row = label_entries / rows;
  out.features_used = used(features);
  out.labels_used = used(labels);
  out.labels_with_one_row = static_cast<std::uint32_t>(std::ranges::count(labels, 1u));
  out.head_share = head_share(labels, out.labels_used, label_entries);
  for (std::size_t id = 0; id < std::min(features.size(), labels.size()); ++id)
    out.own_ids_by_chance += static_cast<double>(features[id]) * static_cast<double>(labels[id]) / rows;
}

std::uint64_t own_ids(std::span<const std::uint32_t> features, std::span<const std::uint32_t> labels) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(labels, [&](std::uint32_t label) { return std::ranges::find(features, label) != features.end(); }));
}

/// The number of ids up to the largest that occurs.
std::uint32_t ids_up_to_largest(const SparseRows& rows) {
  const auto begin = rows.ids.begin() + static_cast<std::ptrdiff_t>(rows.offsets.front());
  const auto end = rows.ids.begin() + static_cast<std::ptrdiff_t>(rows.offsets.back());
  return begin == end ? 0 : *std::max_element(begin, end) + 1;
}

}  // namespace

DataProfile profile(const DatasetView& stated, const RowPager* pager) {
  DataProfile out;
  out.rows = stated.size();
  if (out.rows == 0) return out;
  DatasetView data = stated;  // a header may state billions of ids of which a few occur
  data.feature_count = ids_up_to_largest(stated.features);
  data.label_count = ids_up_to_largest(stated.labels);
  out.outsized = find_outsized_features(data, pager);
  out.label_features = find_label_features(data, pager).size();
  ValueLook look(data.feature_count, out.outsized);
  const std::size_t step = std::max<std::size_t>(1, data.size() / kRowsLookedAt);
  for (std::size_t row = 0; row < data.size(); row += step) {
    look.look(data.features.row_ids(row), data.features.row_values(row));
    out.own_ids += own_ids(data.features.row_ids(row), data.labels.row_ids(row));
    ++out.rows_looked_at;
  }
  out.values = look.kind();
  out.negative = look.negative();
  out.row_length = look.median_length();
  look_at_repeats(data, pager, out);
  look_at_ids(data, out);
  out.own_ids_by_chance *= static_cast<double>(out.rows_looked_at) / static_cast<double>(out.rows);
  out.same_things = stated.feature_count == stated.label_count && out.own_ids == 0 && out.own_ids_by_chance >= kEnoughMisses;
  if (pager != nullptr) pager->release(0, data.size());
  return out;
}

}  // namespace glissade
