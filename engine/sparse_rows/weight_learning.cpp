#include "engine/sparse_rows/weight_learning.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/batches/sample_order.h"
#include "engine/candidates/spread_sample.h"
#include "engine/losses/loss.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_optimizer.h"
#include "engine/sparse_rows/label_rows.h"
#include "engine/sparse_rows/row_candidates.h"
#include "engine/sparse_rows/sample_blocks.h"
#include "engine/sparse_rows/sample_matches.h"
#include "engine/sparse_rows/shared_loss.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::size_t kPasses = 2, kWeightBatch = 512;
constexpr double kRate = 0.05;
constexpr float kMost = 3.f, kFirstWeightSquare = 1e-6f;
constexpr std::uint64_t kChoiceStream = 66, kWeightOrderStream = 67;

/// Part of the gradient by a: of one sample by one of its features.
struct Slope {
  std::uint32_t feature;
  float value;
};

/// What a sample shares with its labels and their competitors.
struct SharedFeatures {
  SampleLabels labels;
  std::vector<Slope> shared;      ///< x_f c_f of the features that the sample shares with a label, one label after another
  std::vector<std::size_t> ends;  ///< of each label's
  std::vector<float> logits;
};

struct WeightWorker {
  SpreadSample sample;
  std::vector<std::uint32_t> places;
  std::vector<std::size_t> ends;
  SharedFeatures of_sample;
  std::vector<float> by_feature;
};

/// A number per feature, each with a squared gradient of its own: rows of no weights, whose biases they are.
ParameterRows number_per_feature(std::size_t features) {
  ParameterRows::Options options;
  options.storage = Storage::fp32;
  options.state.second = OptimizerState::Second::row;
  ParameterRows rows(features, 0, options);
  std::fill_n(rows.bias_second_moment.data(), features, kFirstWeightSquare);
  return rows;
}

class WeightLearning {
 public:
  WeightLearning(const LabelShare& labels, std::span<const std::uint32_t> rows, const LabelRows& made,
                 const RowCandidates& candidates, const FeatureWeights& weights)
      : labels_(labels),
        data_(labels.own()),
        rows_(rows),
        made_(made),
        candidates_(candidates),
        weights_(weights),
        logs_(number_per_feature(data_.feature_count)),
        squared_(data_.feature_count, 1.f),
        sums_(data_.feature_count) {
    if (labels.shards() != nullptr) shared_loss_ = std::make_unique<SharedLoss>(labels, rows, std::span<const float>());
  }

  void run(std::uint64_t seed, WorkMonitor& monitor, SharedWork& work);
  std::vector<float> gradient_at(std::uint32_t place, std::span<const float> logs);
  std::span<const float> logs() const noexcept { return {logs_.bias.data(), logs_.bias.size()}; }

 private:
  void batch(std::span<const std::uint32_t> places, const RowOptimizer& optimizer, SharedWork& work);
  bool differentiate_by_own(std::span<const std::uint32_t> places);
  void differentiate(std::uint32_t place, WeightWorker& worker, std::vector<Slope>& out) const;
  void measure(std::uint32_t place, WeightWorker& worker, SharedFeatures& out) const;
  void add_shared(const WeightWorker& worker, std::uint32_t label, std::size_t c, bool own, std::vector<Slope>& shared) const;
  void add_slopes(std::uint32_t place, const SharedFeatures& found, float factor, WeightWorker& worker,
                  std::vector<Slope>& out) const;
  void add_to_sums(std::span<const Slope> slopes, std::vector<std::uint32_t>& touched);
  void add_up_slopes(std::vector<std::uint32_t>& touched);

  const LabelShare& labels_;
  const DatasetView& data_;
  std::span<const std::uint32_t> rows_;
  const LabelRows& made_;
  const RowCandidates& candidates_;
  const FeatureWeights& weights_;
  Loss loss_{LossKind::decoupled};
  ParameterRows logs_;          ///< a
  std::vector<float> squared_;  ///< exp(2 a)
  std::vector<float> sums_;     ///< of the batch's gradients
  std::vector<std::vector<Slope>> blocks_;
  std::unique_ptr<SharedLoss> shared_loss_;  ///< null: all rows are here
  std::vector<SharedFeatures> found_;        ///< of the batch, where others have rows
  std::vector<std::vector<std::byte>> heard_;
  bool failed_ = false;  ///< the communication
};

void WeightLearning::run(std::uint64_t seed, WorkMonitor& monitor, SharedWork& work) {
  std::vector<std::uint32_t> order;
  const std::size_t steps = (rows_.size() + kWeightBatch - 1) / kWeightBatch * kPasses;
  const OptimizerOptions adagrad{.kind = OptimizerKind::adagrad, .epsilon = 0, .seed = seed};
  std::size_t step = 0;
  for (std::size_t pass = 0; pass < kPasses; ++pass) {
    shuffle(order, rows_.size(), hashing::derive(seed, kWeightOrderStream, pass));
    for (std::size_t first = 0; first < order.size(); first += kWeightBatch, ++step) {
      const double left = 1 - static_cast<double>(step) / static_cast<double>(steps);
      batch(std::span(order).subspan(first, std::min(kWeightBatch, order.size() - first)),
            RowOptimizer(adagrad, kRate * left, step + 1), work);
      if (!monitor.advance() || work.error() || failed_) return;
    }
  }
}

/// Of a set in one piece, and of one that others have the rest of.
LogitRow logits_of(SharedFeatures& found, std::size_t labels) {
  const std::size_t count = found.logits.size();
  return {found.logits.data(), count, found.labels.own_places(), labels, count, {}};
}

void WeightLearning::batch(std::span<const std::uint32_t> places, const RowOptimizer& optimizer, SharedWork& work) {
  if (shared_loss_) {
    failed_ = !differentiate_by_own(places);
  } else {
    differentiate_in_blocks<WeightWorker>(
        places, blocks_, work,
        [&](std::uint32_t place, WeightWorker& worker, std::vector<Slope>& out) { differentiate(place, worker, out); },
        [](std::vector<Slope>& block, const auto& use) { use(block); });
  }
  if (work.error() || failed_) return;
  std::vector<std::uint32_t> touched;
  for (const auto& block : blocks_) add_to_sums(block, touched);
  if (shared_loss_) add_up_slopes(touched);
  for (const std::uint32_t f : touched) {
    const float gradient = sums_[f];
    if (gradient == 0.f) continue;  // taken already, or cancelled
    sums_[f] = 0.f;
    optimizer.update(logs_, f, nullptr, gradient);
    logs_.bias[f] = std::clamp(logs_.bias[f], -kMost, kMost);
    squared_[f] = std::exp(2 * logs_.bias[f]);
  }
}

void WeightLearning::add_to_sums(std::span<const Slope> slopes, std::vector<std::uint32_t>& touched) {
  for (const Slope& slope : slopes) {
    if (sums_[slope.feature] == 0.f) touched.push_back(slope.feature);
    sums_[slope.feature] += slope.value;
  }
}

/// What each rank has by its labels, added up in the order of the ranks.
void WeightLearning::add_up_slopes(std::vector<std::uint32_t>& touched) {
  std::vector<Slope> mine;
  for (const std::uint32_t f : touched) {
    if (sums_[f] != 0.f) mine.push_back({f, sums_[f]});
    sums_[f] = 0.f;
  }
  touched.clear();
  labels_.shards()->gather_unknown(std::as_bytes(std::span(mine)), heard_);
  failed_ = labels_.shards()->error().has_value();
  if (failed_) return;
  for (const std::vector<std::byte>& bytes : heard_) {
    mine.resize(bytes.size() / sizeof(Slope));
    if (!mine.empty()) std::memcpy(mine.data(), bytes.data(), bytes.size());
    add_to_sums(mine, touched);
  }
}

/// By this rank's labels, where the sums of the losses are those of all ranks.
bool WeightLearning::differentiate_by_own(std::span<const std::uint32_t> places) {
  static thread_local WeightWorker worker;
  return differentiate_among(
      *shared_loss_, data_, rows_, places, found_, blocks_,
      [&](std::uint32_t place, SharedFeatures& out) { measure(place, worker, out); }, logits_of,
      [&](std::uint32_t place, const SharedFeatures& found, float factor, std::vector<Slope>& out) {
        add_slopes(place, found, factor, worker, out);
      });
}

/// Adds the products with label c's sum, without the sample if it is the sample's `own` label.
void WeightLearning::add_shared(const WeightWorker& worker, std::uint32_t label, std::size_t c, bool own,
                                std::vector<Slope>& shared) const {
  const SparseMatrix& rows = made_.rows;
  const std::uint64_t at = rows.offsets[label];
  const std::size_t first = c == 0 ? 0 : worker.ends[c - 1], end = worker.ends[c];
  const float* const dense = worker.sample.data();
  float scale = 1, part = 0;  // c = scale * (row - part * x)
  if (own) {
    const std::uint32_t count = made_.counts[label];
    const float length = made_.lengths[label];
    if (count <= 1 || length <= 0) return;
    float product = 0;
    for (std::size_t i = first; i < end; ++i) {
      const std::uint64_t j = at + worker.places[i];
      product += dense[rows.ids[j]] * widened(rows.values[j]);
    }
    part = label_scale(count, length);
    const float rest = scale_without(count, length, product / part);
    if (rest == 0.f) return;
    scale = rest / part;
  }
  for (std::size_t i = first; i < end; ++i) {
    const std::uint64_t j = at + worker.places[i];
    const float x = dense[rows.ids[j]];
    shared.push_back({rows.ids[j], x * scale * (widened(rows.values[j]) - part * x)});
  }
}

void WeightLearning::differentiate(std::uint32_t place, WeightWorker& worker, std::vector<Slope>& out) const {
  const std::size_t labels = data_.labels.row_ids(rows_[place]).size();
  if (labels == 0) return;
  measure(place, worker, worker.of_sample);
  const float factor = loss_.gradient(logits_of(worker.of_sample, labels), data_.weight(rows_[place])).factor;
  add_slopes(place, worker.of_sample, factor, worker, out);
}

void WeightLearning::measure(std::uint32_t place, WeightWorker& worker, SharedFeatures& out) const {
  const auto truth = data_.labels.row_ids(rows_[place]);
  worker.sample.put(weights_, data_.features.row_ids(rows_[place]), data_.features.row_values(rows_[place]));
  out.labels.put(truth, candidates_.of(place));
  const std::span<const std::uint32_t> labels = out.labels.all();
  find_matches(worker.sample, made_.rows, labels, worker.places, worker.ends,
               [&](std::uint64_t j) { __builtin_prefetch(made_.rows.values.data() + j); });
  out.logits.resize(labels.size());
  out.shared.clear();
  out.ends.resize(labels.size());
  for (std::size_t c = 0; c < labels.size(); ++c) {
    const std::size_t first = out.shared.size();
    add_shared(worker, labels[c], c, c < truth.size(), out.shared);
    out.ends[c] = out.shared.size();
    float sum = 0;
    for (std::size_t i = first; i < out.shared.size(); ++i) sum += squared_[out.shared[i].feature] * out.shared[i].value;
    out.logits[c] = kSharpness * sum;
  }
}

void WeightLearning::add_slopes(std::uint32_t place, const SharedFeatures& found, float factor, WeightWorker& worker,
                                std::vector<Slope>& out) const {
  const auto features = data_.features.row_ids(rows_[place]);
  worker.by_feature.resize(data_.feature_count, 0.f);
  for (const std::uint32_t f : features) worker.by_feature[f] = 0.f;
  for (std::size_t c = 0; c < found.labels.all().size(); ++c) {
    const float gradient = factor * found.logits[c];
    if (std::abs(gradient) < 1e-4f) continue;
    for (std::size_t i = c == 0 ? 0 : found.ends[c - 1]; i < found.ends[c]; ++i) {
      const auto [f, product] = found.shared[i];
      worker.by_feature[f] += 2 * kSharpness * squared_[f] * gradient * product;
    }
  }
  for (const std::uint32_t f : features) {
    if (worker.by_feature[f] != 0.f) out.push_back({f, worker.by_feature[f]});
  }
}

std::vector<float> WeightLearning::gradient_at(std::uint32_t place, std::span<const float> logs) {
  std::ranges::transform(logs, squared_.begin(), [](float log) { return std::exp(2 * log); });
  WeightWorker worker;
  std::vector<Slope> slopes;
  differentiate(place, worker, slopes);
  std::vector<float> gradient(logs.size());
  for (const Slope& slope : slopes) gradient[slope.feature] += slope.value;
  return gradient;
}

}  // namespace

std::vector<float> weight_gradient_at(const Config& config, const DatasetView& data, std::span<const std::uint32_t> rows,
                                      const FeatureWeights& weights, std::uint32_t place, std::span<const float> logs) {
  const LabelRows made = label_rows(data, rows, weights, kLearningFanIn);
  const FeatureIndex index(made.rows, data.feature_count);
  const RowCandidates candidates =
      find_row_candidates(data, rows, weights, made.rows, index, config.candidates.list_budget / 4 + 1);
  const LabelShare labels(data);
  return WeightLearning(labels, rows, made, candidates, weights).gradient_at(place, logs);
}

std::vector<float> learn_weights(const Config& config, const LabelShare& labels, std::span<const std::uint32_t> rows,
                                 const FeatureWeights& weights, WorkMonitor& monitor, SharedWork& work) {
  const DatasetView& data = labels.own();
  constexpr double kCollected = 0.15, kFound = 0.4;  // of the time, about
  std::vector<float> learned(data.feature_count, 1.f);
  if (rows.empty()) return learned;
  monitor.begin(Activity::feature_weights, label_blocks(data.label_count), {0, kCollected});
  const LabelRows made = label_rows(data, rows, weights, kLearningFanIn, monitor, work);
  if (monitor.stopped() || work.error()) return learned;
  const FeatureIndex index(made.rows, data.feature_count);
  std::vector<std::uint32_t> chosen;
  const double share = static_cast<double>(config.candidates.weight_samples) / static_cast<double>(rows.size());
  for (const std::uint32_t row : rows) {
    if (hashing::Random(hashing::derive(config.run.seed, kChoiceStream, row)).unit() < share) chosen.push_back(row);
  }
  monitor.begin(Activity::feature_weights, chosen.size(), {kCollected, kFound});
  const RowCandidates candidates = find_row_candidates(data, chosen, weights, made.rows, index,
                                                       config.candidates.list_budget / 4 + 1, monitor, work, labels.owners());
  if (work.error() ||
      !monitor.begin(Activity::feature_weights, (chosen.size() + kWeightBatch - 1) / kWeightBatch * kPasses, {kFound, 1}))
    return learned;
  WeightLearning learning(labels, chosen, made, candidates, weights);
  learning.run(config.run.seed, monitor, work);
  std::ranges::transform(learning.logs(), learned.begin(), [](float log) { return std::exp(log); });
  return learned;
}

}  // namespace glissade
