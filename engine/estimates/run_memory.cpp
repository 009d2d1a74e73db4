#include <glissade/run_memory.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include "engine/batches/window_reader.h"
#include "engine/config/proposing_paths.h"
#include "engine/estimates/training_memory.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/ranking/kept_samples.h"
#include "engine/search/coded_rows.h"
#include "engine/sparse_rows/row_candidates.h"
#include "engine/sparse_rows/row_training.h"
#include "engine/sparse_rows/weight_learning.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kSampledLabels = 4096;
constexpr std::uint64_t kLabelStream = 71, kBatchStream = 72;
constexpr std::uint64_t kEntry = 6;      ///< of a sparse row or an inverted index: id and bf16 value
constexpr std::uint64_t kDataEntry = 8;  ///< of a data set: id and float
constexpr double kOwn = 0.6;             ///< of a sample's labels, those whose gradient is worth an update
constexpr double kRivals = 24;           ///< of its candidates, likewise
constexpr double kRivalMatches = 0.5;    ///< features they have in common with it, in parts of those of its own labels
constexpr double kGrowth = 1.3;          ///< of vectors that grow by doubling, on average
constexpr std::uint64_t kKeptCandidates = 180, kKeptBytes = 72;  ///< of a sample that the rankers are fitted on
constexpr std::uint64_t kSearch = std::uint64_t{6} << 20;        ///< blocks of logits and packed rows, while labels are searched
constexpr std::uint64_t kDrawnBatches = 4;
/// Buffers of oneTBB and oneDNN, stacks, and what the allocator keeps of small blocks that were given back.
constexpr std::uint64_t kLibraries = std::uint64_t{6} << 20;
/// While one window is trained on the next is read; a third only begins before the first is given up.
constexpr std::uint64_t kBlocksHeld = 2 * kBlocksPerWindow + 2;

/// Ends of offsets, rankers.
constexpr std::uint64_t kPathConstants = 16 * 1024;

using Moment = std::vector<RunMemory::Part>;

/// Sizes that several moments are made of.
struct Sizes {
  const Config& config;
  const Shape& shape;
  const DataSize& data;
  std::uint64_t threads = config.run.threads != 0 ? config.run.threads : std::max(1u, std::thread::hardware_concurrency());

  std::uint64_t ranks = 1;  ///< that share rows of labels and of samples out

  /// Of what ranks share out, one rank's part.
  std::uint64_t own(std::uint64_t all) const noexcept { return (all + ranks - 1) / ranks; }
  std::uint64_t index(std::uint64_t entries) const noexcept { return own(kEntry * entries) + 8 * (shape.features + 1ull); }
  /// Counters of an inverted index that is being built.
  std::uint64_t indexing() const noexcept { return 16 * 4ull * shape.features; }
  std::uint64_t label_rows() const noexcept { return own(kEntry * data.label_row_entries + 8ull * shape.labels); }
  std::uint64_t memory_rows() const noexcept {
    return config.candidates.neighbours == 0 ? 0 : own(kEntry * data.feature_entries + 16 * data.rows + 4 * data.label_entries);
  }
  /// Labels have few companions: a sample's labels each have the others, once for all samples that share them.
  std::uint64_t co_labels() const noexcept {
    if (config.candidates.co_labels == 0 || data.rows == 0) return 0;
    const double others = static_cast<double>(data.label_entries) / static_cast<double>(data.rows) * 2;
    const auto pairs = static_cast<std::uint64_t>(static_cast<double>(data.label_entries) * others);
    return own(kEntry * std::min<std::uint64_t>(pairs, std::uint64_t{config.candidates.co_labels} * shape.labels) +
               8ull * (shape.labels + 1));
  }
  std::uint64_t sparse_paths() const noexcept {
    std::uint64_t bytes = 2 * 4ull * shape.features + kPathConstants + memory_rows() + co_labels();
    if (config.sparse_rows.fan_in != 0) bytes += label_rows() + index(data.label_row_entries);
    if (config.sparse_rows.fan_in != 0 && config.sparse_rows.epochs != 0)
      bytes += own(2 * data.label_row_entries + 4ull * shape.labels);  // to train on
    if (config.candidates.neighbours != 0) bytes += index(data.feature_entries);
    if (config.candidates.name_match && data.name_words != 0)
      bytes += own(kEntry * data.name_words + 8ull * shape.labels) + index(data.name_words) + 4ull * shape.features;
    return bytes;
  }
  /// A copy of the values, weighted, while the paths are made.
  std::uint64_t weighted_values() const noexcept {
    return config.network.weighting == FeatureWeighting::given ? 0 : sizeof(float) * data.feature_entries;
  }
  std::uint64_t all_data() const noexcept {
    return data.paged ? kDataEntry * data.feature_entries + 4 * data.label_entries + 16 * data.rows : 0;
  }
  /// Rows that are in memory while steps are made.
  std::uint64_t data_in_steps() const noexcept {
    const std::uint64_t window = kBlocksHeld * config.training.shuffle_block;
    if (config.training.shuffle_block == 0 || config.training.batches == BatchKind::similar || window >= data.rows)
      return all_data();
    return static_cast<std::uint64_t>(static_cast<double>(all_data()) * static_cast<double>(window) /
                                      static_cast<double>(data.rows)) +
           16 * data.rows;
  }
  std::uint64_t step_buffers() const noexcept {
    const estimates::BatchSize batch{data.batch_features, data.batch_labels, data.batch_different_labels};
    return estimates::step_bytes(config, shape, batch) + estimates::gradient_bytes(config, shape, batch);
  }
  /// The samples of each label, and while they are sorted.
  std::uint64_t samples_by_label() const noexcept { return own(16 * (shape.labels + 1ull) + 4 * data.label_entries); }
  /// Where ranks share the labels out, the samples' labels that are a rank's.
  std::uint64_t own_labels() const noexcept { return ranks == 1 ? 0 : 8 * data.rows + own(4 * data.label_entries); }
};

/// Rows of labels that are made: what a label's sums and its list are collected in, blocks of vectors, and then the rows.
Moment collecting_rows(const Sizes& s, std::uint64_t entries) {
  return {{"samples by label", s.samples_by_label()},
          {"sums of labels", s.own(8 * entries + 12ull * s.shape.labels) + 8ull * s.shape.features * s.threads},
          {"sparse rows", s.own(kEntry * entries + 8ull * s.shape.labels)},
          {"labels of this rank", s.own_labels()},
          {"weighted values", s.weighted_values()},
          {"data", s.all_data()}};
}

/// A worker of what walks an inverted index of labels' rows: sums by row, and a sample spread over the features.
std::uint64_t searching_worker(const Sizes& s) { return s.own(4ull * s.shape.labels) + 12ull * s.shape.features; }

Moment learning_weights(const Sizes& s) {
  const std::uint64_t samples = std::min<std::uint64_t>(s.config.candidates.weight_samples, s.data.rows);
  return {
      {"sparse rows", s.own((kEntry + kEntry) * s.data.learning_row_entries + 28ull * s.shape.labels) + 8ull * s.shape.features},
      {"labels of this rank", s.own_labels()},
      {"learning of weights",
       4 * (s.own(RowCandidates::kEach) + 1) * samples + s.threads * searching_worker(s) + 16ull * s.shape.features},
      {"weighted values", s.weighted_values()},
      {"data", s.all_data()}};
}

/// Gradients of a batch by entries of rows: of each sample's labels, and of their rivals.
std::uint64_t row_gradients(const Sizes& s) {
  if (s.data.rows == 0) return 0;
  const double samples = static_cast<double>(std::min<std::uint64_t>(RowTraining::kBatch, s.data.rows));
  const double labels = kOwn * static_cast<double>(s.data.label_entries) / static_cast<double>(s.data.rows);
  constexpr double kOfEntry = 8, kOfRow = 32;  // place and value; label, sample, gradient, extent, and its place when sorted
  const double entries = (labels + kRivals * kRivalMatches) * s.data.label_matches;
  const auto all = static_cast<std::uint64_t>(samples * kGrowth * (kOfEntry * entries + kOfRow * (labels + kRivals)));
  // Ranks keep what a batch has in common with rows until all have told of it: with all rivals, of which few are worth an update.
  constexpr std::uint64_t kWithAllRivals = RowCandidates::kEach / static_cast<std::uint64_t>(kRivals) + 1;
  return s.own(s.ranks == 1 ? all : (1 + kWithAllRivals) * all);
}

Moment training_label_rows(const Sizes& s) {
  return {{"sparse rows", s.label_rows() + s.index(s.data.label_row_entries) + s.own(12ull * s.shape.labels)},
          {"labels of this rank", s.own_labels()},
          {"training of sparse rows", s.own(4 * s.data.label_row_entries + 8ull * s.shape.labels) +
                                          4 * (s.own(RowCandidates::kEach) + 1) * s.data.rows + s.threads * searching_worker(s) +
                                          row_gradients(s)},
          {"weighted values", s.weighted_values()},
          {"data", s.all_data()}};
}

/// Rows that were trained have an index already, of what they were before: until the new one takes its place, and before the
/// neighbours have theirs.
Moment indexing_paths(const Sizes& s) {
  const bool indexed_twice = s.config.sparse_rows.fan_in != 0 && s.config.sparse_rows.epochs != 0;
  const std::uint64_t rows = s.index(s.data.label_row_entries);
  const std::uint64_t neighbours = s.config.candidates.neighbours != 0 ? s.index(s.data.feature_entries) : 0;
  return {{"sparse rows and neighbours", s.sparse_paths()},
          {"indexing", s.indexing() + (indexed_twice ? rows - std::min(rows, neighbours) : 0)},
          {"weighted values", s.weighted_values()},
          {"data", s.all_data()}};
}

Moment starting_rows(const Sizes& s) {
  return {
      {"sums of hidden vectors by label", s.own(4ull * s.shape.labels * ParameterRows::padded(s.config.network.hidden.back()))},
      {"data", s.all_data()}};
}

Moment making_steps(const Sizes& s) {
  return {{"sparse rows and neighbours", uses_sparse_paths(s.config) ? s.sparse_paths() : 0},
          {"step buffers", s.step_buffers()},
          {"mean of the weights", estimates::average_bytes(s.config, s.shape)},
          {"data", s.data_in_steps()}};
}

/// An CandidateSearch: stamps, votes and co-labels by label, sums by row of an inverted index, and a sample spread over the
/// features.
std::uint64_t search_bytes(const Sizes& s) {
  return 20ull * s.shape.labels + s.own(4 * std::max<std::uint64_t>(s.data.rows, s.shape.labels)) + 4ull * s.shape.features;
}

Moment weighing_paths(const Sizes& s) {
  const std::uint64_t kept =
      static_cast<std::uint64_t>(static_cast<double>(s.data.rows) * share_kept_for_ranking(static_cast<double>(s.data.rows)));
  const std::uint64_t at_once =
      std::min<std::uint64_t>(kept, kKeptAtOnce);  // copied from these into the whole, which grows by doubling
  std::uint64_t hidden = 0;                        // values and 16-bit halves, and a piece's rows packed for the search
  for (const std::uint32_t width : s.config.network.hidden) hidden += at_once * ParameterRows::padded(width) * 6;
  return {{"sparse rows and neighbours", s.sparse_paths()},
          {"step buffers", s.step_buffers()},
          {"weighing of paths", s.threads * (search_bytes(s) + 8ull * s.shape.labels) +
                                    (s.own(kept + kept / 5) + at_once) * kKeptCandidates * kKeptBytes + hidden + kSearch +
                                    4 * s.data.rows / 32},
          {"data", s.data_in_steps()}};
}

/// Of the last epoch, where it makes codes.
Moment coding_rows(const Sizes& s) {
  return {{"sparse rows and neighbours", uses_sparse_paths(s.config) ? s.sparse_paths() : 0},
          {"step buffers", s.step_buffers()},
          {"search codes", CodedRows::bytes_to_learn(s.shape.labels, s.config.network.hidden.back())},
          {"data", s.data_in_steps()}};
}

std::uint64_t bytes_of(const Moment& moment) noexcept {
  std::uint64_t sum = 0;
  for (const auto& part : moment) sum += part.bytes;
  return sum;
}

/// Sparse rows of some labels.
struct DrawnRows {
  std::uint64_t labels = 0, entries = 0, learning_entries = 0;
  std::uint64_t samples = 0, matches = 0;  ///< of the labels, and the features that these have in common with the row
};

/// Adds a label with these samples. A row keeps the largest sums of features; here, those of the most samples.
void add_row(const DatasetView& data, std::span<const std::uint32_t> samples, std::uint64_t fan_in, DrawnRows& rows) {
  static thread_local std::vector<std::uint32_t> features, counts;
  features.clear();
  counts.clear();
  for (const std::uint32_t row : samples) {
    const auto ids = data.features.row_ids(row);
    features.insert(features.end(), ids.begin(), ids.end());
  }
  std::ranges::sort(features);
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (i == 0 || features[i] != features[i - 1]) counts.push_back(0);
    ++counts.back();
  }
  const std::size_t kept = std::min<std::size_t>(fan_in, counts.size());
  const auto end = counts.begin() + static_cast<std::ptrdiff_t>(kept);
  std::nth_element(counts.begin(), end, counts.end(), std::greater());
  rows.labels += 1;
  rows.entries += kept;
  rows.learning_entries += std::min<std::uint64_t>(kLearningFanIn, counts.size());
  rows.samples += samples.size();
  rows.matches += std::accumulate(counts.begin(), end, std::uint64_t{0});
}

/// Of a part of the labels, drawn by their number alone; their samples are found in one pass.
DrawnRows draw_rows(const Config& config, const DatasetView& data) {
  const std::uint64_t part = std::max<std::uint64_t>(1, data.label_count / kSampledLabels);
  const auto drawn = [&](std::uint32_t label) {
    return hashing::Random(hashing::derive(config.run.seed, kLabelStream, label)).below(part) == 0;
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
  DrawnRows rows;
  for (const auto& [label, of_label] : samples) add_row(data, of_label, config.sparse_rows.fan_in, rows);
  return rows;
}

void measure_rows(const Config& config, const DatasetView& data, DataSize& size) {
  const DrawnRows rows = draw_rows(config, data);
  const double scale = static_cast<double>(data.label_count) / static_cast<double>(std::max<std::uint64_t>(1, rows.labels));
  const auto scaled = [&](std::uint64_t entries) { return static_cast<std::uint64_t>(static_cast<double>(entries) * scale); };
  size.label_row_entries = scaled(rows.entries);
  size.label_matches = static_cast<double>(rows.matches) / static_cast<double>(std::max<std::uint64_t>(1, rows.samples));
  if (config.candidates.weight_samples != 0) size.learning_row_entries = scaled(rows.learning_entries);
}

/// Batches of rows from all over the data, one out of each stretch; or the one that all rows make.
void measure_batches(const Config& config, const DatasetView& data, DataSize& size) {
  const bool whole = data.size() <= config.training.piece_samples();
  const std::size_t count = std::min<std::size_t>(config.training.piece_samples(), data.size());
  std::vector<std::uint32_t> labels;
  for (std::uint64_t draw = 0; draw < (whole ? 1 : kDrawnBatches); ++draw) {
    hashing::Random random(hashing::derive(config.run.seed, kBatchStream, draw));
    std::uint64_t features = 0;
    labels.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t begin = i * data.size() / count, end = (i + 1) * data.size() / count;
      const std::size_t row = begin + random.below(end - begin);
      const auto ids = data.labels.row_ids(row);
      features += data.features.row_ids(row).size();
      labels.insert(labels.end(), ids.begin(), ids.end());
    }
    size.batch_features = std::max(size.batch_features, features);
    size.batch_labels = std::max<std::uint64_t>(size.batch_labels, labels.size());
    std::ranges::sort(labels);
    const auto end = std::unique(labels.begin(), labels.end());
    size.batch_different_labels = std::max<std::uint64_t>(size.batch_different_labels, end - labels.begin());
  }
}

}  // namespace

DataSize data_size(const Config& config, const DatasetView& data, bool paged) {
  DataSize size;
  size.rows = data.size();
  if (size.rows == 0) return size;
  size.feature_entries = data.features.offsets.back() - data.features.offsets.front();
  size.label_entries = data.labels.offsets.back() - data.labels.offsets.front();
  size.paged = paged;
  if (config.sparse_rows.fan_in != 0 || config.candidates.weight_samples != 0) measure_rows(config, data, size);
  measure_batches(config, data, size);
  return size;
}

void measure_names(std::span<const std::string> labels, std::span<const std::string> features, DataSize& size) {
  for (const auto& names : {labels, features}) {
    for (const std::string& name : names) {
      const bool apart = name.capacity() > std::string().capacity();  // else it lies in the string itself
      size.name_bytes += sizeof name + (apart ? name.capacity() + 1 : 0);
    }
  }
  if (features.empty()) return;
  for (const std::string& name : labels) size.name_words += 1 + static_cast<std::uint64_t>(std::ranges::count(name, ' '));
}

RunMemory estimate_run_memory(const Config& config, const Shape& shape, const DataSize& data, std::uint64_t held,
                              std::uint32_t ranks) {
  const MemoryEstimate estimate = estimate_training_memory(config, shape, ranks);
  Sizes sizes{config, shape, data};
  sizes.ranks = ranks;
  std::vector<std::pair<std::string_view, Moment>> moments;
  moments.emplace_back("while steps are made", making_steps(sizes));
  if (config.network.start == Start::centroids) moments.emplace_back("while output rows get their start", starting_rows(sizes));
  if (uses_sparse_paths(config)) {
    if (config.candidates.weight_samples != 0) {
      moments.emplace_back("while rows are collected to learn weights on", collecting_rows(sizes, data.learning_row_entries));
      moments.emplace_back("while weights of features are learned", learning_weights(sizes));
    }
    if (config.sparse_rows.fan_in != 0)
      moments.emplace_back("while sparse rows are collected", collecting_rows(sizes, data.label_row_entries));
    if (config.sparse_rows.fan_in != 0 && config.sparse_rows.epochs != 0)
      moments.emplace_back("while sparse rows are trained", training_label_rows(sizes));
    moments.emplace_back("while sparse paths are indexed", indexing_paths(sizes));
    moments.emplace_back("while the paths are weighed", weighing_paths(sizes));
  }
  if (ranks == 1) moments.emplace_back("while output rows are coded", coding_rows(sizes));
  const auto& [moment, parts] = *std::ranges::max_element(moments, {}, [](const auto& one) { return bytes_of(one.second); });
  RunMemory memory;
  memory.moment = moment;
  memory.parts = {{"held already", held},
                  {"weights", estimate.weights},
                  {"optimiser state", estimate.optimizer_state - estimates::average_bytes(config, shape)},
                  {"hash tables", estimate.tables},
                  {"order of samples, counts of labels", 8 * data.rows + 4ull * shape.labels},
                  {"libraries", kLibraries}};
  if (data.name_bytes != 0) memory.parts.push_back({"names", data.name_bytes});
  for (const auto& part : parts) {
    if (part.bytes != 0) memory.parts.push_back(part);
  }
  return memory;
}

}  // namespace glissade
