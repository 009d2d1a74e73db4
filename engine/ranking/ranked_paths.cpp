#include "engine/ranking/ranked_paths.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/candidates/soundness.h"
#include "engine/config/proposing_paths.h"
#include "engine/ranking/co_labels.h"
#include "engine/sparse_rows/weight_learning.h"

namespace glissade {

bool RankedPaths::empty() const noexcept {
  return std::ranges::all_of(all(), [](const ProposingPath* path) { return path->empty(); });
}

void RankedPaths::share_out(const RowOwners& to) noexcept {
  owners = to;
  for (ProposingPath* path : all()) path->owners = to;
}

std::size_t RankedPaths::memory_bytes() const noexcept {
  std::size_t bytes = co_labels.memory_bytes();
  for (const ProposingPath* path : all()) bytes += path->memory_bytes();
  return bytes;
}

std::vector<StoredArray> RankedPaths::arrays() {
  using model_file::SectionKind;
  std::vector<StoredArray> arrays;
  for (ProposingPath* path : all()) {
    for (const StoredArray& array : path->arrays()) arrays.push_back(array);
  }
  arrays.push_back({SectionKind::sparse_offsets, 2, &co_labels.offsets, false, StoredArray::Layout::begins, &co_labels.offsets});
  arrays.push_back({SectionKind::sparse_ids, 2, &co_labels.ids, false, StoredArray::Layout::per_entry, &co_labels.offsets});
  arrays.push_back({SectionKind::sparse_values, 2, &co_labels.values, false, StoredArray::Layout::per_entry, &co_labels.offsets});
  arrays.push_back({SectionKind::blend, 0, &linear.weights});
  arrays.push_back({SectionKind::ranker, 0, &ranker.weights});
  arrays.push_back({SectionKind::calibration, 0, &calibration.numbers});
  // Matrices come first, each with its three arrays side by side; then kind by kind.
  const auto place = [](const StoredArray& array) {
    const bool of_matrix = array.kind <= SectionKind::sparse_values;
    return of_matrix ? std::tuple(SectionKind{}, array.index, array.kind) : std::tuple(array.kind, array.index, SectionKind{});
  };
  std::ranges::sort(arrays, {}, place);
  return arrays;
}

/// Models from before weights were learned have one weighting for both paths.
void RankedPaths::complete(const Config& config) {
  FeatureWeights& own = neighbours.weights;
  label_rows.weights.binary = own.binary = config.candidates.weighting == SparseWeighting::idf;
  names.weights.binary = true;
  if (own.empty() && !label_rows.weights.empty()) own = label_rows.weights.times({}, 1.f);
}

std::string_view RankedPaths::defect(const Shape& shape) const noexcept {
  for (const ProposingPath* path : all()) {
    if (const std::string_view wrong = path->defect(shape); !wrong.empty()) return wrong;
  }
  if (const std::string_view wrong = co_labels.defect(shape.labels); !wrong.empty()) return wrong;
  if (!co_labels.empty() && co_labels.rows() != owners.count(shape.labels)) return "its sparse rows are not one per label";
  const auto whole = [&](const FeatureWeights& weights) { return weights.weights.size() == shape.features; };
  if (!empty() && !(whole(label_rows.weights) && whole(neighbours.weights) && linear.weights.size() == kPathFeatures))
    return "its sparse paths are not complete";
  const std::size_t numbers = ranker.weights.size();
  if (!ranker.empty() && numbers != Ranker::kSize && numbers != Ranker::kSizeWithoutNames) return "its ranker has another size";
  return calibration.defect();
}

std::optional<Error> RankedPaths::not_finite() const {
  for (const ProposingPath* path : all()) {
    if (auto error = path->not_finite()) return error;
  }
  if (auto error = not_finite_error("the weighing of paths, the weight", "term", linear.weights)) return error;
  return not_finite_error("the ranker, its weight", "number", ranker.weights);
}

void RankedPaths::score(std::span<const CandidateFeatures> features, RankPass& pass, float* scores) const {
  if (!ranker.empty()) return ranker.score(features, pass, scores);
  for (const CandidateFeatures& one : features) *scores++ = linear.score(one);
}

void RankedPaths::index(std::size_t features) {
  for (ProposingPath* path : all()) path->index(features);
}

RankedPaths RankedPaths::shared() const {
  RankedPaths same;
  same.owners = owners;
  same.label_rows = label_rows.shared();
  same.neighbours = neighbours.shared();
  same.names = names.shared();
  same.co_labels = co_labels.shared();
  same.linear.weights = linear.weights.shared();
  same.ranker.weights = ranker.weights.shared();
  same.calibration.numbers = calibration.numbers.shared();
  return same;
}

void RankedPaths::grow(const Shape& shape) {
  for (SparseMatrix* rows : {&label_rows.rows, &names.rows, &co_labels}) rows->grow(shape.labels);
  for (FeatureWeights* weights : {&label_rows.weights, &neighbours.weights, &names.weights}) weights->grow(shape.features);
  if (!label_rows.changed.empty()) label_rows.changed.grow(shape.labels);
}

RankedPaths build_paths(const Config& config, const DatasetView& data, std::span<const std::uint32_t> samples,
                        WorkMonitor& monitor, const NameFeatures* names, SharedWork& work, RowShards* shards) {
  constexpr double kBuilt = NeighbourPath::kBuilt, kTogether = 0.6;  // of the time, about
  RankedPaths paths;
  if (!uses_sparse_paths(config) || data.size() == 0) return paths;
  const LabelShare labels(data, shards);
  paths.share_out(labels.owners());
  const auto failed = [&] { return work.error() || (shards != nullptr && shards->error()); };
  const FeatureWeights weighting(config.candidates.weighting, data);
  std::vector<float> learned;
  if (config.candidates.weight_samples != 0) learned = learn_weights(config, labels, samples, weighting, monitor, work);
  give_back_free_memory();
  for (ProposingPath* path : paths.all()) {
    if (failed()) return paths;
    path->build({config, data, samples, weighting, learned, names, work, shards == nullptr ? nullptr : &labels}, monitor);
    give_back_free_memory();  // of blocks that rows are collected in there is as much as of rows
  }
  if (failed()) return paths;
  if (config.candidates.co_labels != 0 && monitor.begin(Activity::neighbours, data.label_count, {kBuilt, kTogether}))
    paths.co_labels = co_labels(labels, samples, config.candidates.co_labels, monitor, work);
  if (failed() || !monitor.begin(Activity::neighbours, 1, {kTogether, 1})) return paths;
  paths.index(data.feature_count);
  paths.linear = LinearRanker::start();
  give_back_free_memory();
  return paths;
}

}  // namespace glissade
