#include "engine/features/feature_transform.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <glissade/outsized_features.h>

#include "engine/features/label_features.h"
#include "engine/features/row_windows.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

float log_damped(float value) noexcept {
  const float magnitude = std::abs(value);
  return magnitude > 1.f ? std::copysign(1.f + std::log(magnitude), value) : value;
}

constexpr float kLevel = 1.2f, kByLength = 0.75f;  ///< k1 and b of BM25

/// `slope`: k (1 - b + b n / m).
float levelled(float value, float slope) noexcept {
  const float magnitude = std::abs(value);
  return std::copysign(magnitude * (kLevel + 1) / (magnitude + slope), value);
}

/// Factor 0 for features that no row has: beside labels among the features, these are most likely labels without a row. With the
/// factor of the rarest they would outweigh a new row's other features in its length.
void silence_unseen(const DatasetView& data, const RowPager* pager, Array<float>& factors) {
  std::vector<bool> seen(data.feature_count);
  for_each_row(data, pager, [&](std::size_t row) {
    for (const std::uint32_t id : data.features.row_ids(row)) seen[id] = true;
  });
  for (std::size_t f = 0; f < seen.size(); ++f) {
    if (!seen[f]) factors[f] = 0.f;
  }
}

}  // namespace

/// In a row of mean length.
float FeatureTransform::damped(float value) const noexcept {
  if (has_log()) return log_damped(value);
  return has_level() ? levelled(value, kLevel) : value;
}

/// Of a feature that `rows` of `all` rows have.
float FeatureTransform::idf(double rows, double all) const noexcept {
  if (has_level()) return static_cast<float>(std::log(1 + (all - rows + 0.5) / (rows + 0.5)));
  return static_cast<float>(std::log((all + 1) / (rows + 1)) + 1);
}

std::vector<float> FeatureTransform::idf_of(const DatasetView& data, const RowPager* pager) const {
  std::vector<std::uint32_t> rows(data.feature_count);
  for_each_row(data, pager, [&](std::size_t row) {
    for (const std::uint32_t id : data.features.row_ids(row)) ++rows[id];
  });
  std::vector<float> idf(rows.size());
  const auto all = static_cast<double>(data.size());
  std::ranges::transform(rows, idf.begin(), [&](std::uint32_t count) { return this->idf(count, all); });
  return idf;
}

/// Mean magnitude of each feature's values, where it occurs with one other than 0; else 0.
std::vector<double> FeatureTransform::mean_magnitudes(const DatasetView& data, const RowPager* pager) const {
  std::vector<double> sums(data.feature_count);
  std::vector<std::uint32_t> counts(data.feature_count);
  for_each_row(data, pager, [&](std::size_t row) {
    const auto ids = data.features.row_ids(row);
    const auto values = data.features.row_values(row);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (values[i] == 0.f) continue;
      sums[ids[i]] += std::abs(damped(values[i]));
      ++counts[ids[i]];
    }
  });
  for (std::size_t f = 0; f < sums.size(); ++f) sums[f] /= std::max<std::uint32_t>(1, counts[f]);
  return sums;
}

/// Multiplies the factors of outsized features so that their mean magnitude becomes that of the median feature.
void FeatureTransform::scale_outsized(const DatasetView& data, const RowPager* pager, std::vector<float>& factors) const {
  const auto outsized = find_outsized_features(data, pager);
  if (outsized.empty()) return;
  const std::vector<double> means = mean_magnitudes(data, pager);
  std::vector<double> used;
  for (const double mean : means) {
    if (mean > 0) used.push_back(mean);
  }
  const auto middle = used.begin() + static_cast<std::ptrdiff_t>(used.size() / 2);
  std::ranges::nth_element(used, middle);
  for (const OutsizedFeature& one : outsized) factors[one.feature] *= static_cast<float>(*middle / means[one.feature]);
}

void FeatureTransform::learn(const DatasetView& data, const RowPager* pager) {
  if (!vectors_.empty()) vectors_.learn(data.vectors);
  if (!has_factors()) return;
  std::vector<float> learned = has_idf() ? idf_of(data, pager) : std::vector<float>(data.feature_count, 1.f);
  scale_outsized(data, pager, learned);
  const Array<float> known = std::exchange(factors_, Array<float>(data.feature_count));
  for (std::size_t f = 0; f < learned.size(); ++f)
    factors_[f] = f < known.size() && known.data()[f] != 0.f ? known.data()[f] : learned[f];
  const std::vector<std::uint32_t> of_labels = find_label_features(data, pager);
  for (const std::uint32_t feature : of_labels) factors_[feature] = 0.f;
  if (!of_labels.empty()) silence_unseen(data, pager, factors_);
  if (has_level() && mean_length_.empty()) {
    mean_length_ = Array<float>(1);
    mean_length_[0] = find_mean_length(data, pager);
  }
}

/// Sum of the magnitudes of features that count for something; `values` empty: 1 each.
float FeatureTransform::length_of(std::span<const std::uint32_t> ids, std::span<const float> values) const noexcept {
  float length = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (factors_.data()[ids[i]] != 0.f) length += values.empty() ? 1.f : std::abs(values[i]);
  }
  return length;
}

/// Of the rows that have any; 1 if none has.
float FeatureTransform::find_mean_length(const DatasetView& data, const RowPager* pager) const {
  double sum = 0;
  std::size_t rows = 0;
  for_each_row(data, pager, [&](std::size_t row) {
    const float length = length_of(data.features.row_ids(row), data.features.row_values(row));
    sum += length;
    rows += length > 0 ? 1 : 0;
  });
  return rows == 0 ? 1.f : static_cast<float>(sum / static_cast<double>(rows));
}

void FeatureTransform::level(std::span<const std::uint32_t> ids, float* values) const noexcept {
  if (mean_length_.empty()) return;
  const float slope = kLevel * (1 - kByLength + kByLength * length_of(ids, {values, ids.size()}) / mean_length_.data()[0]);
  std::transform(values, values + ids.size(), values, [slope](float value) { return levelled(value, slope); });
}

void FeatureTransform::apply(std::span<const std::uint32_t> ids, float* values) const noexcept {
  if (has_log()) std::transform(values, values + ids.size(), values, log_damped);
  if (has_level()) level(ids, values);
  if (!factors_.empty()) {
    for (std::size_t i = 0; i < ids.size(); ++i) values[i] *= factors_.data()[ids[i]];
  }
  if (!has_length()) return;
  const float square = simd::kernels().sum_squares_f32(values, ids.size());
  if (square > 0) simd::kernels().scale_f32(1.f / std::sqrt(square), values, ids.size());
}

Array<float> FeatureTransform::applied(const DatasetView& data, const RowPager* pager) const {
  if (data.size() == 0) return {};
  Array<float> out(data.features.offsets.back());
  for_each_row_in_parallel(data, pager, [&](std::size_t row) {
    const auto ids = data.features.row_ids(row);
    const auto values = data.features.row_values(row);
    float* const to = out.data() + data.features.offsets[row];
    if (values.empty()) {
      std::fill_n(to, ids.size(), 1.f);
    } else {
      std::ranges::copy(values, to);
    }
    apply(ids, to);
  });
  return out;
}

const char* FeatureTransform::defect(std::size_t features, bool trained) const noexcept {
  if (factors_.empty()) return trained && has_factors() ? "the factors of its features are missing" : "";
  if (!has_factors()) return "it has factors of features, and a weighting that knows none";
  if (has_level() != (mean_length_.size() == 1)) return "the mean length of its rows is missing, or has no use";
  if (has_level() && !(std::isfinite(mean_length_.data()[0]) && mean_length_.data()[0] > 0))
    return "the mean length of its rows is no number above 0";
  if (factors_.size() != features) return "the factors of its features are not one per feature";
  const auto legal = [](float factor) { return std::isfinite(factor) && factor >= 0; };
  return std::all_of(factors_.data(), factors_.data() + factors_.size(), legal) ? ""
                                                                                : "a factor of a feature is no number from 0 on";
}

void FeatureTransform::grow(std::size_t features, std::uint64_t rows) {
  const std::size_t before = factors_.size();
  if (factors_.empty() || features <= before) return;
  Array<float> longer(features);
  std::copy(factors_.data(), factors_.data() + before, longer.data());
  const float of_one = has_idf() ? idf(1, std::max(1.0, static_cast<double>(rows))) : 1.f;
  std::fill(longer.data() + before, longer.data() + features, of_one);
  factors_ = std::move(longer);
}

}  // namespace glissade
