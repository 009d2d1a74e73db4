#include "engine/ranking/sparse_paths.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>

#include "engine/config/proposing_paths.h"
#include "engine/ranking/co_labels.h"
#include "engine/sparse_rows/label_rows.h"
#include "engine/sparse_rows/row_training.h"
#include "engine/sparse_rows/weight_learning.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kSamplesAtOnce = 1024;
/// The power of learned weights between two samples, which have them twice as much in common as a sample and a sum of many.
constexpr float kForSamples = 0.4f;

SparseMatrix sample_rows(const DatasetView& data, const FeatureWeights& weights, WorkMonitor& monitor) {
  std::vector<std::uint32_t> lengths(data.size());
  for (std::size_t i = 0; i < data.size(); ++i) lengths[i] = static_cast<std::uint32_t>(data.features.row_ids(i).size());
  SparseMatrix rows = matrix_of(lengths);
  tbb::parallel_for(std::size_t{0}, (data.size() + kSamplesAtOnce - 1) / kSamplesAtOnce, [&](std::size_t block) {
    if (monitor.stopped()) return;
    std::vector<float> weighted;
    const std::size_t end = std::min(data.size(), (block + 1) * kSamplesAtOnce);
    for (std::size_t i = block * kSamplesAtOnce; i < end; ++i) {
      const auto ids = data.features.row_ids(i);
      weights.weigh(ids, data.features.row_values(i), weighted);
      std::ranges::copy(ids, rows.ids.data() + rows.offsets[i]);
      simd::kernels().narrow_nearest(weighted.data(), rows.values.data() + rows.offsets[i], ids.size());
    }
    monitor.advance(end - block * kSamplesAtOnce);
  });
  return rows;
}

void take_labels(const DatasetView& data, SparsePaths& paths) {
  paths.sample_label_begins = Array<std::uint64_t>(data.size() + 1);
  const std::uint64_t first = data.labels.offsets.front();
  for (std::size_t i = 0; i <= data.size(); ++i) paths.sample_label_begins[i] = data.labels.offsets[i] - first;
  paths.sample_labels = Array<std::uint32_t>(data.labels.offsets.back() - first);
  std::ranges::copy(data.labels.ids.subspan(first, paths.sample_labels.size()), paths.sample_labels.data());
}

}  // namespace

std::size_t SparsePaths::memory_bytes() const noexcept {
  return weights.weights.bytes() + sample_weights.weights.bytes() + labels.memory_bytes() + samples.memory_bytes() +
         sample_label_begins.bytes() + sample_labels.bytes() + co_labels.memory_bytes() + label_index.memory_bytes() +
         sample_index.memory_bytes();
}

std::string_view SparsePaths::defect(const Shape& shape) const noexcept {
  const auto bounded = [](const Array<std::uint32_t>& ids, std::uint32_t bound) {
    return std::all_of(ids.data(), ids.data() + ids.size(), [bound](std::uint32_t id) { return id < bound; });
  };
  const auto ascending = [](const Array<std::uint64_t>& begins, std::size_t end) {
    if (begins.empty()) return end == 0;
    return begins[0] == 0 && begins[begins.size() - 1] == end && std::is_sorted(begins.data(), begins.data() + begins.size());
  };
  for (const SparseMatrix* rows : {&labels, &samples, &co_labels}) {
    if (!ascending(rows->offsets, rows->entries()) || rows->values.size() != rows->entries())
      return "sparse rows do not fit together";
    if (!bounded(rows->ids, rows == &co_labels ? shape.labels : shape.features)) {
      return "a sparse row has an entry beyond the model's features or labels";
    }
  }
  for (const SparseMatrix* rows : {&labels, &co_labels}) {
    if (!rows->empty() && rows->rows() != shape.labels) return "its sparse rows are not one per label";
  }
  if (!ascending(sample_label_begins, sample_labels.size())) return "labels of its samples do not fit together";
  if (!samples.empty() && sample_label_begins.size() != samples.rows() + 1)
    return "its samples and their labels do not fit together";
  if (!bounded(sample_labels, shape.labels)) return "a sample has a label beyond the model's";
  if (!empty() && (weights.weights.size() != shape.features || sample_weights.weights.size() != shape.features ||
                   blend.weights.size() != kPathTerms)) {
    return "its sparse paths are not complete";
  }
  if (!ranker.empty() && ranker.weights.size() != Ranker::kSize) return "its ranker has another size";
  return {};
}

void SparsePaths::share_weights() {
  if (!sample_weights.empty() || weights.empty()) return;
  sample_weights.weights = Array<float>(weights.weights.size());
  std::copy_n(weights.weights.data(), weights.weights.size(), sample_weights.weights.data());
}

void SparsePaths::index(std::size_t features) {
  if (!labels.empty()) label_index = FeatureIndex(labels, features);
  if (!samples.empty()) sample_index = FeatureIndex(samples, features);
}

namespace {

void weigh_features(const Config& config, const DatasetView& data, std::span<const std::uint32_t> samples, SparsePaths& paths,
                    WorkMonitor& monitor) {
  paths.weights = FeatureWeights(config.sparse_weighting, data);
  paths.sample_weights = FeatureWeights(config.sparse_weighting, data);
  if (config.weight_samples == 0) return;
  const std::vector<float> learned = learn_weights(config, data, samples, paths.weights, monitor);
  paths.weights.multiply(learned, 1.f);
  paths.sample_weights.multiply(learned, kForSamples);
  give_back_free_memory();
}

void make_label_rows(const Config& config, const DatasetView& data, std::span<const std::uint32_t> samples, SparsePaths& paths,
                     WorkMonitor& monitor) {
  monitor.begin(Activity::sparse_rows, label_blocks(data.label_count));
  LabelRows made = label_rows(data, samples, paths.weights, config.fan_in, monitor);
  if (monitor.stopped()) return;
  paths.labels = std::move(made.rows);
  if (config.row_epochs == 0) return;
  paths.label_index = FeatureIndex(paths.labels, data.feature_count);
  RowTraining(config, data, samples, made, {paths.weights, paths.labels, paths.label_index}).run(monitor);
}

}  // namespace

SparsePaths build_sparse_paths(const Config& config, const DatasetView& data, std::span<const std::uint32_t> samples,
                               WorkMonitor& monitor) {
  constexpr double kKept = 0.4, kTogether = 0.6;  // of the time, about
  SparsePaths paths;
  if (!uses_sparse_paths(config) || data.size() == 0) return paths;
  weigh_features(config, data, samples, paths, monitor);
  if (config.fan_in != 0 && !monitor.stopped()) make_label_rows(config, data, samples, paths, monitor);
  give_back_free_memory();  // of blocks that rows are collected in there is as much as of rows
  if (config.neighbours != 0 && monitor.begin(Activity::neighbours, data.size(), {0, kKept})) {
    paths.samples = sample_rows(data, paths.sample_weights, monitor);
    take_labels(data, paths);
  }
  if (config.co_labels != 0 && monitor.begin(Activity::neighbours, data.label_count, {kKept, kTogether}))
    paths.co_labels = co_labels(data, samples, config.co_labels, monitor);
  if (!monitor.begin(Activity::neighbours, 1, {kTogether, 1})) return paths;
  paths.index(data.feature_count);
  paths.blend = Blend::start();
  give_back_free_memory();
  return paths;
}

}  // namespace glissade
