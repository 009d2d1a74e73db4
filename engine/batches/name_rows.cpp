#include <algorithm>
#include <cmath>
#include <numeric>

#include <glissade/label_names.h>

namespace glissade {
namespace {

constexpr std::size_t kReleased = 65536, kLookedAt = 20'000;

std::size_t samples_of(const DatasetView& data) noexcept { return data.size() - data.added; }

/// Passes over all samples, each released once it was visited.
template <class Visit>
void for_each_row(const DatasetView& data, const RowPager* pager, const Visit& visit) {
  for (std::size_t first = 0; first < samples_of(data); first += kReleased) {
    const std::size_t last = std::min(samples_of(data), first + kReleased);
    for (std::size_t row = first; row < last; ++row) visit(data.features.row_ids(row), data.features.row_values(row));
    if (pager != nullptr) pager->release(first, last);
  }
}

float value_at(std::span<const float> values, std::size_t i) noexcept { return values.empty() ? 1.f : values[i]; }

/// ln(samples / samples that have it) of each feature, 0 for one that none has.
std::vector<float> rarity(const DatasetView& data, const RowPager* pager) {
  std::vector<std::uint32_t> counts(data.feature_count);
  for_each_row(data, pager, [&](std::span<const std::uint32_t> ids, std::span<const float>) {
    for (const std::uint32_t id : ids) ++counts[id];
  });
  std::vector<float> out(counts.size());
  const auto samples = static_cast<double>(samples_of(data));
  for (std::size_t f = 0; f < counts.size(); ++f)
    out[f] = counts[f] == 0 ? 0.f : static_cast<float>(std::log(samples / counts[f]));
  return out;
}

/// The sums of what a mean value and a typical length are made from.
struct Scales {
  std::vector<double> sums;  ///< of each feature's values
  std::vector<std::uint32_t> counts;
  double lengths = 0, squares = 0;  ///< of rows that have any feature
  std::uint64_t rows = 0;

  Scales(const DatasetView& data, const RowPager* pager) : sums(data.feature_count), counts(data.feature_count) {
    for_each_row(data, pager, [&](std::span<const std::uint32_t> ids, std::span<const float> values) { add(ids, values); });
  }
  void add(std::span<const std::uint32_t> ids, std::span<const float> values) {
    double square = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const double value = value_at(values, i);
      sums[ids[i]] += value;
      ++counts[ids[i]];
      square += value * value;
    }
    if (square == 0) return;
    ++rows;
    lengths += std::sqrt(square);
    squares += square;
  }
  /// The length that rows were scaled to; 0 if they were not.
  double common_length() const noexcept {
    constexpr double kSpread = 0.05;  // what rounding to a few digits leaves
    if (rows == 0) return 0;
    const double n = static_cast<double>(rows), mean = lengths / n;
    return squares / n - mean * mean <= kSpread * kSpread * mean * mean ? mean : 0;
  }
  /// Of a feature that no row has: that of all.
  std::vector<float> mean_values() const {
    const double all = std::reduce(sums.begin(), sums.end());
    const auto entries = std::reduce(counts.begin(), counts.end(), std::uint64_t{0});
    const double mean = entries == 0 ? 1 : all / static_cast<double>(entries);
    std::vector<float> out(sums.size());
    for (std::size_t f = 0; f < sums.size(); ++f) out[f] = static_cast<float>(counts[f] == 0 ? mean : sums[f] / counts[f]);
    return out;
  }
};

/// The share of the name's features, by their weights, that a sample has. Both ascend or not: sample rows are short.
double share_in(std::span<const std::uint32_t> name, std::span<const std::uint32_t> sample, const std::vector<float>& weights) {
  double all = 0, there = 0;
  for (const std::uint32_t f : name) {
    all += weights[f];
    if (std::ranges::find(sample, f) != sample.end()) there += weights[f];
  }
  return all > 0 ? there / all : 0;
}

}  // namespace

NameEvidence name_evidence(const NameFeatures& names, const DatasetView& data, const RowPager* pager) {
  NameEvidence evidence;
  const std::size_t samples = samples_of(data);
  if (names.ids.empty() || samples < 2) return evidence;
  const std::vector<float> weights = rarity(data, pager);
  const std::size_t looked_at = std::min(kLookedAt, samples);
  const auto row_at = [&](std::size_t i) { return i * samples / looked_at; };
  for (std::size_t i = 0; i < looked_at; ++i) {
    const auto own = data.features.row_ids(row_at(i));
    const auto other = data.features.row_ids(row_at((i + looked_at / 2) % looked_at));
    for (const std::uint32_t label : data.labels.row_ids(row_at(i))) {
      if (label >= names.labels() || names.of(label).empty()) continue;
      ++evidence.pairs;
      evidence.own += share_in(names.of(label), own, weights);
      evidence.chance += share_in(names.of(label), other, weights);
    }
  }
  if (pager != nullptr) pager->release(0, data.size());
  if (evidence.pairs == 0) return evidence;
  evidence.own /= static_cast<double>(evidence.pairs);
  evidence.chance /= static_cast<double>(evidence.pairs);
  return evidence;
}

NameRows name_rows(const NameFeatures& names, const DatasetView& data, const RowPager* pager) {
  NameRows out;
  const Scales scales(data, pager);
  const std::vector<float> means = scales.mean_values();
  const double length = scales.common_length();
  for (std::size_t label = 0; label < names.labels(); ++label) {
    const auto ids = names.of(label);
    if (ids.empty()) continue;
    const auto value = [&](std::size_t i) {
      return names.values.empty() ? means[ids[i]] : names.values[names.offsets[label] + i];
    };
    double square = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) square += double{value(i)} * value(i);
    const float scale = length > 0 && square > 0 ? static_cast<float>(length / std::sqrt(square)) : 1.f;
    for (std::size_t i = 0; i < ids.size(); ++i) out.values.push_back(scale * value(i));
    out.ids.insert(out.ids.end(), ids.begin(), ids.end());
    out.offsets.push_back(out.ids.size());
    out.labels.push_back(static_cast<std::uint32_t>(label));
  }
  return out;
}

}  // namespace glissade
