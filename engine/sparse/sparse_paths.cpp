#include "engine/sparse/sparse_paths.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>

#include "engine/sparse/label_rows.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kSamplesAtOnce = 1024;

SparseMatrix sample_rows(const DatasetView& data, const FeatureWeights& weights) {
  std::vector<std::uint32_t> lengths(data.size());
  for (std::size_t i = 0; i < data.size(); ++i) lengths[i] = static_cast<std::uint32_t>(data.features.row_ids(i).size());
  SparseMatrix rows = matrix_of(lengths);
  tbb::parallel_for(std::size_t{0}, (data.size() + kSamplesAtOnce - 1) / kSamplesAtOnce, [&](std::size_t block) {
    std::vector<float> weighted;
    for (std::size_t i = block * kSamplesAtOnce; i < std::min(data.size(), (block + 1) * kSamplesAtOnce); ++i) {
      const auto ids = data.features.row_ids(i);
      weights.weigh(ids, data.features.row_values(i), weighted);
      std::ranges::copy(ids, rows.ids.data() + rows.offsets[i]);
      simd::kernels().narrow_nearest(weighted.data(), rows.values.data() + rows.offsets[i], ids.size());
    }
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
  return weights.weights.bytes() + labels.memory_bytes() + samples.memory_bytes() + sample_label_begins.bytes() +
         sample_labels.bytes() + label_lengths.bytes() + label_index.memory_bytes() + sample_index.memory_bytes();
}

void SparsePaths::index(std::size_t features) {
  if (!labels.empty()) label_index = FeatureIndex(labels, features);
  if (!samples.empty()) sample_index = FeatureIndex(samples, features);
}

SparsePaths build_sparse_paths(const Config& config, const DatasetView& data) {
  SparsePaths paths;
  if (!uses_sparse_paths(config) || data.size() == 0) return paths;
  paths.weights = FeatureWeights(config.sparse_weighting, data);
  if (config.fan_in != 0) {
    LabelRows made = label_rows(data, paths.weights, config.fan_in);
    paths.labels = std::move(made.rows);
    paths.label_lengths = std::move(made.lengths);
  }
  if (config.neighbours != 0) {
    paths.samples = sample_rows(data, paths.weights);
    take_labels(data, paths);
  }
  paths.index(data.feature_count);
  paths.blend = Blend::start();
  return paths;
}

}  // namespace glissade
