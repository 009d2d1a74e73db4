#include "engine/batches/batch.h"

#include <fmt/format.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "engine/batches/checked_vectors.h"
#include "hashing/seeds.h"

namespace glissade {

void Batch::gather(const DatasetView& data, std::span<const std::uint32_t> rows, const Dropout& dropout,
                   const FeatureTransform* transform) {
  const bool with_labels = data.labels.rows() != 0;
  feature_offsets_.resize(rows.size() + 1);
  label_offsets_.resize(rows.size() + 1);
  feature_offsets_[0] = label_offsets_[0] = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    feature_offsets_[i + 1] = feature_offsets_[i] + data.features.row_ids(rows[i]).size();
    label_offsets_[i + 1] = label_offsets_[i] + (with_labels ? data.labels.row_ids(rows[i]).size() : 0);
  }
  feature_ids_.resize(feature_offsets_.back());
  feature_values_.resize(feature_offsets_.back());
  label_ids_.resize(label_offsets_.back());
  vectors_.resize(rows.size(), data.vectors.width);
  const VectorScale* const scale = transform != nullptr ? &transform->vectors() : nullptr;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows.size(), 64), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t i = range.begin(); i != range.end(); ++i) {
      copy_row(data, rows[i], i);
      if (transform != nullptr) transform->apply(data.features.row_ids(rows[i]), feature_values_.data() + feature_offsets_[i]);
      if (dropout.rate > 0) drop(rows[i], i, dropout);
      if (vectors_.width != 0) vectors_.put(i, data.vectors.row(rows[i]), scale);
      if (with_labels)
        std::ranges::copy(data.labels.row_ids(rows[i]), label_ids_.begin() + static_cast<std::ptrdiff_t>(label_offsets_[i]));
    }
  });
  weights_.clear();
  for (std::size_t i = 0; i < rows.size() && !data.weights.empty(); ++i) weights_.push_back(data.weights[rows[i]]);
  features_ = {feature_offsets_, feature_ids_, feature_values_};
  labels_ = {label_offsets_, label_ids_, {}};
}

void Batch::copy_row(const DatasetView& data, std::uint32_t row, std::size_t at) noexcept {
  const auto ids = data.features.row_ids(row);
  const auto values = data.features.row_values(row);
  std::uint32_t* id = feature_ids_.data() + feature_offsets_[at];
  float* value = feature_values_.data() + feature_offsets_[at];
  std::copy(ids.begin(), ids.end(), id);
  if (values.empty()) {
    std::fill_n(value, ids.size(), 1.f);
  } else {
    std::copy(values.begin(), values.end(), value);
  }
}

/// A dropped feature stays in place with value 0: it adds nothing forward and gets no gradient.
void Batch::drop(std::uint32_t row, std::size_t at, const Dropout& dropout) noexcept {
  float* const value = feature_values_.data() + feature_offsets_[at];
  const std::size_t count = feature_offsets_[at + 1] - feature_offsets_[at];
  hashing::Random random(hashing::derive(dropout.seed, row));
  const auto scale = static_cast<float>(1.0 / (1.0 - dropout.rate));
  for (std::size_t j = 0; j < count; ++j) value[j] = random.unit() < dropout.rate ? 0.f : value[j] * scale;
}

namespace {

/// A NaN or infinity would spoil the rows of its features for good while the loss stays finite. Offsets are known to be in order.
Result<void> check_values(const SparseRows& rows, const char* what, std::uint64_t first_row) {
  if (rows.values.empty()) return {};
  const auto begin = rows.values.begin() + static_cast<std::ptrdiff_t>(rows.offsets.front());
  const auto end = rows.values.begin() + static_cast<std::ptrdiff_t>(rows.offsets.back());
  const auto finite = [](float value) { return std::isfinite(value); };
  const bool good = tbb::parallel_reduce(
      tbb::blocked_range(begin, end, 65536), true,
      [&](const auto& range, bool so_far) { return so_far && std::all_of(range.begin(), range.end(), finite); },
      std::logical_and<>());
  if (good) return {};
  const auto at = static_cast<std::uint64_t>(std::find_if_not(begin, end, finite) - rows.values.begin());
  const auto row = std::upper_bound(rows.offsets.begin(), rows.offsets.end(), at) - rows.offsets.begin() - 1;
  return runtime_error(fmt::format("{} row {}: the value {} is not a finite number; use 0 or leave the entry out", what,
                                   first_row + static_cast<std::uint64_t>(row), rows.values[at]));
}

}  // namespace

namespace {

enum class Defect { none, offsets, id, twice };

/// With a mark for each id up to the largest one.
bool has_mark_twice(std::span<const std::uint32_t> ids, std::uint32_t largest) {
  static thread_local std::vector<bool> marks;  // none set between calls
  if (marks.size() <= largest) marks.resize(std::size_t{largest} + 1);
  std::size_t marked = 0;
  while (marked < ids.size() && !marks[ids[marked]]) marks[ids[marked++]] = true;
  for (const std::uint32_t id : ids.first(marked)) marks[id] = false;
  return marked != ids.size();
}

/// Ids mostly ascend; then one look at each tells that none comes twice.
bool has_twice(std::span<const std::uint32_t> ids) {
  if (std::ranges::adjacent_find(ids, std::greater_equal<>()) == ids.end()) return false;
  constexpr std::size_t kMany = 64;
  constexpr std::uint32_t kMostMarked = 1u << 24;
  if (const std::uint32_t largest = std::ranges::max(ids); ids.size() >= kMany && largest < kMostMarked)
    return has_mark_twice(ids, largest);
  static thread_local std::vector<std::uint32_t> sorted;
  sorted.assign(ids.begin(), ids.end());
  std::ranges::sort(sorted);
  return std::ranges::adjacent_find(sorted) != sorted.end();
}

Defect defect_of(const SparseRows& rows, std::size_t row, std::uint32_t bound) {
  if (rows.offsets[row] > rows.offsets[row + 1] || rows.offsets[row + 1] > rows.offsets.back()) return Defect::offsets;
  const auto ids = rows.row_ids(row);
  if (std::ranges::any_of(ids, [bound](std::uint32_t id) { return id >= bound; })) return Defect::id;
  return has_twice(ids) ? Defect::twice : Defect::none;
}

Error row_error(const SparseRows& rows, std::size_t row, std::uint32_t bound, const char* what, std::uint64_t first_row) {
  const std::uint64_t number = first_row + row;
  switch (defect_of(rows, row, bound)) {
    case Defect::offsets:
      return runtime_error(fmt::format("{} row {}: its offsets {} .. {} descend; pass the offsets of one CSR matrix", what,
                                       number, rows.offsets[row], rows.offsets[row + 1]));
    case Defect::twice:
      return runtime_error(
          fmt::format("{} row {}: an id occurs twice; give each {} once, with its values added up", what, number, what));
    default: {
      const auto ids = rows.row_ids(row);
      const auto bad = std::ranges::find_if(ids, [bound](std::uint32_t id) { return id >= bound; });
      return runtime_error(
          fmt::format("{} row {}: an id is not below {}, it is {}; state the right {} count, and use data made "
                      "for this model",
                      what, number, bound, bad == ids.end() ? 0 : *bad, what));
    }
  }
}

}  // namespace

Result<void> check_rows(const SparseRows& rows, std::uint32_t bound, const char* what, std::uint64_t first_row) {
  const std::size_t count = rows.rows();
  if (count == 0) return {};
  if (rows.offsets.front() > rows.offsets.back() || rows.offsets.back() > rows.ids.size() ||
      (!rows.values.empty() && rows.values.size() < rows.offsets.back())) {
    return runtime_error(fmt::format("{} rows: offsets reach {} but there are {} ids and {} values; pass spans of one CSR matrix",
                                     what, rows.offsets.back(), rows.ids.size(), rows.values.size()));
  }
  const std::size_t first_bad = tbb::parallel_reduce(
      tbb::blocked_range<std::size_t>(0, count, 4096), count,
      [&](const tbb::blocked_range<std::size_t>& range, std::size_t bad) {
        for (std::size_t row = range.begin(); row != range.end() && bad == count; ++row) {
          if (defect_of(rows, row, bound) != Defect::none) return row;
        }
        return bad;
      },
      [](std::size_t a, std::size_t b) { return std::min(a, b); });
  if (first_bad == count) return check_values(rows, what, first_row);
  return row_error(rows, first_bad, bound, what, first_row);
}

Result<void> check_view(const DatasetView& data, std::uint32_t feature_count, std::uint32_t label_count) {
  if (data.labels.rows() != data.features.rows()) {
    return runtime_error(
        fmt::format("data set has {} feature rows but {} label rows; give one label row (it may be empty) per sample",
                    data.features.rows(), data.labels.rows()));
  }
  if (data.added != 0 && data.added >= data.size()) {
    return runtime_error(
        fmt::format("{} of the data set's {} rows are added ones, no samples; give it samples, too", data.added, data.size()));
  }
  const auto too_wide = [](const char* what, std::uint32_t has, std::uint32_t room) {
    return runtime_error(
        fmt::format("the data set states {} {}s, the model has {}; use data made for this model", has, what, room));
  };
  if (data.feature_count > feature_count) return too_wide("feature", data.feature_count, feature_count);
  if (data.label_count > label_count) return too_wide("label", data.label_count, label_count);
  if (auto features = check_rows(data.features, data.feature_count, "feature"); !features) return features.error();
  return check_rows(data.labels, data.label_count, "label");
}

Result<void> check_weights(std::span<const float> weights, std::size_t rows) {
  if (weights.empty()) return {};
  if (weights.size() != rows)
    return usage_error(fmt::format("{} weights for {} rows; give one for each row", weights.size(), rows));
  const auto bad = std::ranges::find_if(weights, [](float weight) { return !std::isfinite(weight) || weight <= 0; });
  if (bad == weights.end()) return {};
  return usage_error(fmt::format("row {} counts {}; give weights above 0", bad - weights.begin(), *bad));
}

Result<void> check_inputs(const InputRows& inputs, const Shape& shape, std::uint64_t first_row) {
  if (auto valid = check_rows(inputs.features, shape.features, "feature", first_row); !valid) return valid;
  return check_vectors(inputs.vectors, inputs.rows(), shape.vector_width, first_row);
}

DatasetView fitted(const DatasetView& data, std::uint32_t feature_count, std::uint32_t label_count) noexcept {
  DatasetView out = data;
  out.feature_count = feature_count;
  out.label_count = label_count;
  for (SparseRows* rows : {&out.features, &out.labels}) {
    if (rows->offsets.empty()) continue;
    rows->ids = rows->ids.first(rows->offsets.back());
    if (!rows->values.empty()) rows->values = rows->values.first(rows->offsets.back());
  }
  return out;
}

}  // namespace glissade
