#include <glissade/run_memory.h>

#include <algorithm>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>

#include "engine/config/memory.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/sparse/sparse_paths.h"
#include "engine/training/window_reader.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kSampledLabels = 4096;
constexpr std::uint64_t kLabelStream = 71;
constexpr std::uint64_t kEntry = 6;        ///< of a sparse row or an inverted index: id and bf16 value
constexpr std::uint64_t kDataEntry = 8;    ///< of a data set: id and float
constexpr std::uint64_t kCandidates = 64;  ///< of a sample, while sparse rows are trained
constexpr std::uint64_t kKeptSamples = 10'000, kKeptCandidates = 180, kKeptBytes = 72;  ///< that the blend is fitted on
constexpr std::uint64_t kGradientBytes = std::uint64_t{12} << 20;  ///< of a batch, while sparse rows are trained
/// Buffers of oneTBB and oneDNN, stacks, and what the allocator keeps of small blocks that were given back.
constexpr std::uint64_t kLibraries = std::uint64_t{6} << 20;
/// While one window is trained on the next is read; a third only begins before the first is given up.
constexpr std::uint64_t kBlocksHeld = 2 * kBlocksPerWindow + 2;

/// Ends of offsets, blend and ranker.
constexpr std::uint64_t kPathConstants = 16 * 1024;

using Moment = std::vector<RunMemory::Part>;

/// Sizes that several moments are made of.
struct Sizes {
  const Config& config;
  const Shape& shape;
  const DataSize& data;
  std::uint64_t threads = config.threads != 0 ? config.threads : std::max(1u, std::thread::hardware_concurrency());

  std::uint64_t index(std::uint64_t entries) const noexcept { return kEntry * entries + 8 * (shape.features + 1ull); }
  /// Counters of an inverted index that is being built.
  std::uint64_t indexing() const noexcept { return 16 * 4ull * shape.features; }
  std::uint64_t label_rows() const noexcept { return kEntry * data.label_row_entries + 8ull * shape.labels; }
  std::uint64_t memory_rows() const noexcept {
    return config.neighbours == 0 ? 0 : kEntry * data.feature_entries + 16 * data.rows + 4 * data.label_entries;
  }
  /// Labels have few companions: a sample's labels each have the others, once for all samples that share them.
  std::uint64_t co_labels() const noexcept {
    if (config.co_labels == 0 || data.rows == 0) return 0;
    const double others = static_cast<double>(data.label_entries) / static_cast<double>(data.rows) * 2;
    const auto pairs = static_cast<std::uint64_t>(static_cast<double>(data.label_entries) * others);
    return kEntry * std::min<std::uint64_t>(pairs, std::uint64_t{config.co_labels} * shape.labels) + 8ull * (shape.labels + 1);
  }
  std::uint64_t sparse_paths() const noexcept {
    std::uint64_t bytes = 2 * 4ull * shape.features + kPathConstants + memory_rows() + co_labels();
    if (config.fan_in != 0) bytes += label_rows() + index(data.label_row_entries);
    if (config.neighbours != 0) bytes += index(data.feature_entries);
    return bytes;
  }
  std::uint64_t all_data() const noexcept {
    return data.paged ? kDataEntry * data.feature_entries + 4 * data.label_entries + 16 * data.rows : 0;
  }
  /// Rows that are in memory while steps are made.
  std::uint64_t data_in_steps() const noexcept {
    const std::uint64_t window = kBlocksHeld * config.shuffle_block;
    if (config.shuffle_block == 0 || config.batches == BatchKind::similar || window >= data.rows) return all_data();
    return static_cast<std::uint64_t>(static_cast<double>(all_data()) * static_cast<double>(window) /
                                      static_cast<double>(data.rows)) +
           16 * data.rows;
  }
  /// The samples of each label, and while they are sorted.
  std::uint64_t samples_by_label() const noexcept { return 16 * (shape.labels + 1ull) + 4 * data.label_entries; }
};

/// What a label's sums and its list are collected in; blocks of vectors that grow by doubling, then the rows.
Moment collecting_label_rows(const Sizes& s) {
  return {{"samples by label", s.samples_by_label()},
          {"sums of labels", 8 * s.data.label_row_entries * 3 / 2 + 4ull * s.shape.features * s.threads + 12ull * s.shape.labels},
          {"sparse rows", s.label_rows()},
          {"data", s.all_data()}};
}

Moment training_label_rows(const Sizes& s) {
  const std::uint64_t worker = 4ull * s.shape.labels + 8ull * s.shape.features;
  return {{"sparse rows", s.label_rows() + s.index(s.data.label_row_entries) + 12ull * s.shape.labels},
          {"training of sparse rows", 4 * s.data.label_row_entries + 4ull * s.shape.labels + 4 * (kCandidates + 1) * s.data.rows +
                                          2 * worker * s.threads + kGradientBytes},
          {"data", s.all_data()}};
}

Moment indexing_paths(const Sizes& s) {
  const bool indexed_twice = s.config.fan_in != 0 && s.config.row_epochs != 0;
  return {{"sparse rows and neighbours", s.sparse_paths() + 12ull * s.shape.labels},
          {"indexing", s.indexing() + (indexed_twice ? s.index(s.data.label_row_entries) : 0)},
          {"data", s.all_data()}};
}

Moment starting_rows(const Sizes& s) {
  return {{"hidden vectors of all samples", 2 * s.data.rows * ParameterRows::padded(s.config.hidden.back())},
          {"samples by label", s.samples_by_label()},
          {"data", s.all_data()}};
}

Moment making_steps(const Sizes& s, const MemoryEstimate& estimate) {
  return {{"sparse rows and neighbours", uses_sparse_paths(s.config) ? s.sparse_paths() : 0},
          {"step buffers", estimate.step_buffers},
          {"mean of the weights", config::average_bytes(s.config, s.shape)},
          {"data", s.data_in_steps()}};
}

Moment weighing_paths(const Sizes& s, const MemoryEstimate& estimate) {
  const std::uint64_t sums = 4 * std::max<std::uint64_t>(s.data.rows, s.shape.labels);
  const std::uint64_t kept = std::min<std::uint64_t>(kKeptSamples, s.data.rows * 3 / 100);
  return {{"sparse rows and neighbours", s.sparse_paths()},
          {"step buffers", estimate.step_buffers},
          {"weighing of paths",
           s.threads * (sums + 12ull * s.shape.labels + 4ull * s.shape.features) + kept * kKeptCandidates * kKeptBytes},
          {"data", s.data_in_steps()}};
}

std::uint64_t bytes_of(const Moment& moment) noexcept {
  std::uint64_t sum = 0;
  for (const auto& part : moment) sum += part.bytes;
  return sum;
}

/// Different features among the samples of a label, at most `most`.
std::uint64_t row_length(const DatasetView& data, std::span<const std::uint32_t> samples, std::uint64_t most,
                         std::vector<std::uint32_t>& features) {
  features.clear();
  for (const std::uint32_t row : samples) {
    const auto ids = data.features.row_ids(row);
    features.insert(features.end(), ids.begin(), ids.end());
  }
  std::ranges::sort(features);
  const auto end = std::unique(features.begin(), features.end());
  return std::min<std::uint64_t>(most, static_cast<std::uint64_t>(end - features.begin()));
}

std::uint64_t estimate_row_entries(const Config& config, const DatasetView& data) {
  // A part of the labels, drawn by their number alone; their samples in one pass.
  const std::uint64_t part = std::max<std::uint64_t>(1, data.label_count / kSampledLabels);
  const auto drawn = [&](std::uint32_t label) {
    return hashing::Random(hashing::derive(config.seed, kLabelStream, label)).below(part) == 0;
  };
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> samples;
  for (std::uint32_t label = 0; label < data.label_count; ++label) {
    if (drawn(label)) samples.try_emplace(label);
  }
  for (std::size_t row = 0; row < data.size(); ++row) {
    for (const std::uint32_t label : data.labels.row_ids(row)) {
      if (const auto at = samples.find(label); at != samples.end()) at->second.push_back(static_cast<std::uint32_t>(row));
    }
  }
  std::uint64_t entries = 0;
  std::vector<std::uint32_t> features;
  for (const auto& [label, rows] : samples) entries += row_length(data, rows, config.fan_in, features);
  const double scale = static_cast<double>(data.label_count) / static_cast<double>(std::max<std::size_t>(1, samples.size()));
  return static_cast<std::uint64_t>(static_cast<double>(entries) * scale);
}

}  // namespace

DataSize data_size(const Config& config, const DatasetView& data, bool paged) {
  DataSize size;
  size.rows = data.size();
  if (size.rows == 0) return size;
  size.feature_entries = data.features.offsets.back() - data.features.offsets.front();
  size.label_entries = data.labels.offsets.back() - data.labels.offsets.front();
  size.paged = paged;
  if (config.fan_in != 0) size.label_row_entries = estimate_row_entries(config, data);
  return size;
}

RunMemory estimate_run_memory(const Config& config, const Shape& shape, const DataSize& data, std::uint64_t held) {
  const MemoryEstimate estimate = estimate_training_memory(config, shape);
  const Sizes sizes{config, shape, data};
  std::vector<std::pair<std::string_view, Moment>> moments;
  moments.emplace_back("while steps are made", making_steps(sizes, estimate));
  if (config.start == Start::centroids) moments.emplace_back("while output rows get their start", starting_rows(sizes));
  if (uses_sparse_paths(config)) {
    if (config.fan_in != 0) moments.emplace_back("while sparse rows are collected", collecting_label_rows(sizes));
    if (config.fan_in != 0 && config.row_epochs != 0)
      moments.emplace_back("while sparse rows are trained", training_label_rows(sizes));
    moments.emplace_back("while sparse paths are indexed", indexing_paths(sizes));
    moments.emplace_back("while the paths are weighed", weighing_paths(sizes, estimate));
  }
  const auto& [moment, parts] = *std::ranges::max_element(moments, {}, [](const auto& one) { return bytes_of(one.second); });
  RunMemory memory;
  memory.moment = moment;
  memory.parts = {{"held already", held},
                  {"weights", estimate.weights},
                  {"optimiser state", estimate.optimizer_state - config::average_bytes(config, shape)},
                  {"hash tables", estimate.tables},
                  {"order of samples, counts of labels", 8 * data.rows + 4ull * shape.labels},
                  {"libraries", kLibraries}};
  for (const auto& part : parts) {
    if (part.bytes != 0) memory.parts.push_back(part);
  }
  return memory;
}

}  // namespace glissade
