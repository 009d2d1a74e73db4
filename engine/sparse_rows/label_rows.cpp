#include "engine/sparse_rows/label_rows.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/batches/label_samples.h"
#include "engine/candidates/row_blocks.h"

namespace glissade {
namespace {

constexpr std::size_t kLabelsAtOnce = 512;

/// The rows of some labels, and how long the whole sums are.
struct Block : RowBlock {
  std::vector<float> sums;

  template <class Use>
  static void for_each_array(Block& block, const Use& use) {
    RowBlock::for_each_array(block, use);
    use(block.sums);
  }
};

/// Sums over features, with the list of those that were met. A sum may be 0 in between, where values are negative.
struct Sum {
  std::vector<float> by_feature, weighted;
  std::vector<bool> met;
  std::vector<std::uint32_t> features;

  void reserve(std::size_t count) {
    by_feature.resize(count, 0.f);
    met.resize(count, false);
  }
  void add(std::span<const std::uint32_t> ids) {
    for (std::size_t j = 0; j < ids.size(); ++j) {
      if (weighted[j] == 0.f) continue;
      if (!met[ids[j]]) features.push_back(ids[j]);
      met[ids[j]] = true;
      by_feature[ids[j]] += weighted[j];
    }
  }
  void forget(std::uint32_t feature) {
    by_feature[feature] = 0.f;
    met[feature] = false;
  }
  void clear() {
    for (const std::uint32_t f : features) forget(f);
    features.clear();
  }
  float length() const {
    double square = 0;
    for (const std::uint32_t f : features) square += double{by_feature[f]} * by_feature[f];
    return static_cast<float>(std::sqrt(square));
  }
  /// Leaves the largest; ties to the lower feature.
  void cut(std::size_t most) {
    if (features.size() > most) {
      const auto larger = [&](std::uint32_t a, std::uint32_t b) {
        const float x = std::abs(by_feature[a]), y = std::abs(by_feature[b]);
        return x != y ? x > y : a < b;
      };
      std::nth_element(features.begin(), features.begin() + static_cast<std::ptrdiff_t>(most), features.end(), larger);
      for (auto f = features.begin() + static_cast<std::ptrdiff_t>(most); f != features.end(); ++f) forget(*f);
      features.resize(most);
    }
    std::ranges::sort(features);
  }
};

}  // namespace

float label_scale(std::uint32_t count, float length) noexcept {
  return length > 0 ? static_cast<float>(std::pow(count + 1.0, LabelRows::kCommonness)) / length : 0.f;
}

float scale_without(std::uint32_t count, float length, float product) noexcept {
  constexpr float kLeast = 1e-3f;
  if (count <= 1 || length <= 0) return 0.f;
  const float square = length * length - 2 * product + 1;  // samples have length 1
  return square <= kLeast ? 0.f : label_scale(count - 1, std::sqrt(square));
}

float without_sample(float direct, float own, std::uint32_t count, float length) noexcept {
  if (count <= 1 || length <= 0) return 0.f;
  const float product = direct / label_scale(count, length);  // with the sum itself
  const float scale = scale_without(count, length, product);
  return scale == 0.f ? 0.f : (product - own) * scale;
}

std::size_t label_blocks(std::size_t labels) noexcept { return (labels + kLabelsAtOnce - 1) / kLabelsAtOnce; }

LabelRows label_rows(const DatasetView& data, std::span<const std::uint32_t> chosen, const FeatureWeights& weights,
                     std::uint32_t fan_in, WorkMonitor& monitor, SharedWork& work) {
  const std::size_t labels = data.label_count;
  const LabelSamples by_label = samples_by_label(data, chosen, labels);
  LabelRows out;
  out.lengths.resize(labels);
  out.counts.resize(labels);
  std::vector<Block> blocks(label_blocks(labels));
  const SharedWork::Part own = work.part(blocks.size());
  tbb::parallel_for(own.first, own.end, [&](std::size_t b) {
    if (monitor.stopped()) return;
    static thread_local Sum sum;
    sum.clear();  // what is left if memory ran out
    sum.reserve(data.feature_count);
    Block& block = blocks[b];
    for (std::size_t label = b * kLabelsAtOnce; label < std::min(labels, (b + 1) * kLabelsAtOnce); ++label) {
      const auto samples = by_label.of(label);
      for (const std::uint32_t place : samples) {
        const std::uint32_t sample = chosen[place];
        weights.weigh(data.features.row_ids(sample), data.features.row_values(sample), sum.weighted);
        sum.add(data.features.row_ids(sample));
      }
      block.sums.push_back(sum.length());
      sum.cut(fan_in);
      const float scale = label_scale(static_cast<std::uint32_t>(samples.size()), block.sums.back());
      block.lengths.push_back(static_cast<std::uint32_t>(sum.features.size()));
      for (const std::uint32_t f : sum.features) {
        block.ids.push_back(f);
        block.values.push_back(scale * sum.by_feature[f]);
      }
      sum.clear();
    }
    monitor.advance(work.ranks());
  });
  if (monitor.stopped()) return {};
  work.exchange(blocks, [](Block& block, const auto& use) { Block::for_each_array(block, use); });
  if (work.error()) return {};
  for (std::size_t label = 0; label < labels; ++label) {
    out.counts[label] = static_cast<std::uint32_t>(by_label.of(label).size());
    out.lengths[label] = blocks[label / kLabelsAtOnce].sums[label % kLabelsAtOnce];
  }
  out.rows = matrix_of_blocks(blocks);
  return out;
}

}  // namespace glissade
