#include "engine/sparse_rows/row_training.h"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_sort.h>

#include <algorithm>
#include <cmath>

#include "engine/batches/sample_order.h"
#include "engine/losses/label_weights.h"
#include "engine/sparse_rows/label_rows.h"
#include "engine/sparse_rows/sample_blocks.h"
#include "engine/sparse_rows/sample_matches.h"
#include "engine/topology/policy.h"
#include "engine/topology/schedule.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr float kLeastGradient = 1e-4f;
constexpr float kLeastForTopology = 0.02f;  ///< of a gradient that has a say in the topology
constexpr std::size_t kUsualFanIn = 64;     ///< Adagrad's mean is over so many entries
constexpr float kFirstSquare = 1e-8f;       ///< what Adagrad's sums begin with
constexpr std::uint64_t kOrderStream = 62, kTopologyStream = 63;

}  // namespace

/// A thread's buffers.
struct RowTraining::Worker {
  SpreadSample sample;
  Measured measured;
};

RowTraining::RowTraining(const Config& config, const DatasetView& data, std::span<const std::uint32_t> rows,
                         const LabelRows& made, const TrainedRows& parts, const LabelShare* among)
    : config_(config), data_(data), rows_(rows), made_(made), parts_(parts), pieces_(parts.rows.rows()) {
  adagrad_ = {.kind = OptimizerKind::adagrad, .epsilon = 0, .seed = config.run.seed};
  std::vector<float> started(parts.rows.entries());
  simd::kernels().widen(parts.rows.values.data(), started.data(), started.size());
  parameters_ = parameters_of(started);
  std::fill_n(parameters_.row_second_moment.data(), parameters_.rows(), kFirstSquare);
  owners_ = among == nullptr ? RowOwners{} : among->owners();
  if (!owners_.are_several()) {
    label_weights_ = label_weights(config, made.counts, rows.size());
    return;
  }
  std::vector<std::uint32_t> counts(among->all().label_count);
  for (const std::uint32_t row : rows) {
    for (const std::uint32_t label : among->all().labels.row_ids(row)) ++counts[label];
  }
  all_label_weights_ = label_weights(config, counts, rows.size());
  if (!all_label_weights_.empty()) {
    for (std::uint32_t place = 0; place < made.counts.size(); ++place)
      label_weights_.push_back(all_label_weights_[owners_.row_at(place)]);
  }
  shared_ = std::make_unique<SharedLoss>(*among, rows, all_label_weights_);
}

/// The rows' entries as parameters of these values; the optimiser has seen nothing yet.
ParameterRows RowTraining::parameters_of(std::span<const float> values) const {
  const std::span<const std::uint64_t> begins(parts_.rows.offsets.data(), parts_.rows.offsets.size());
  ParameterRows::Options options;
  options.storage = Storage::fp32;  // a few entries of a row are read: of one array, not of two
  options.with_bias = false;
  options.state.second = OptimizerState::Second::row;
  options.usual_width = kUsualFanIn;
  ParameterRows parameters(begins, options);
  std::ranges::copy(values, parameters.weights.data());
  return parameters;
}

std::vector<float> RowTraining::values() const {
  return {parameters_.weights.data(), parameters_.weights.data() + parameters_.weights.size()};
}

void RowTraining::run(WorkMonitor& monitor, SharedWork& work) {
  constexpr double kFinding = 0.3;  // its share of the time, about
  monitor.begin(Activity::row_training, rows_.size(), {0, kFinding});
  candidates_ = find_row_candidates(data_, rows_, parts_.weights, parts_.rows, parts_.index,
                                    config_.candidates.list_budget / 4 + 1, monitor, work, owners_);
  std::vector<std::uint32_t> order;
  const std::size_t steps = (rows_.size() + kBatch - 1) / kBatch * config_.sparse_rows.epochs;
  if (!monitor.begin(Activity::row_training, steps, {kFinding, 1})) return;
  std::size_t step = 0;
  for (std::uint32_t epoch = 0; epoch < config_.sparse_rows.epochs; ++epoch) {
    shuffle(order, rows_.size(), hashing::derive(config_.run.seed, kOrderStream, epoch));
    for (std::size_t first = 0; first < order.size(); first += kBatch, ++step) {
      const double left = 1.0 - static_cast<double>(step) / static_cast<double>(steps);
      train_batch(std::span(order).subspan(first, std::min(kBatch, order.size() - first)), config_.sparse_rows.rate * left, work);
      if (!monitor.advance() || work.error() || failed_) return;
      if (config_.sparse_rows.topology != RowTopology::fixed && epoch + 1 < config_.sparse_rows.epochs) take_topology_gradients();
    }
    if (!topology_gradients_.empty()) change_topology(epoch + 1);
  }
  const std::size_t count = parameters_.weights.size();
  Array<std::uint16_t> low(count);
  simd::kernels().split_f32(parameters_.weights.data(), parts_.rows.values.data(), low.data(), count);
  parts_.state = {std::move(low), std::move(parameters_.row_second_moment)};
}

std::vector<float> RowTraining::gradient_at(std::uint32_t place, std::span<const float> values) {
  if (candidates_.labels.empty()) {
    candidates_ =
        find_row_candidates(data_, rows_, parts_.weights, parts_.rows, parts_.index, config_.candidates.list_budget / 4 + 1);
  }
  parameters_ = parameters_of(values);
  Worker worker;
  Gradients found;
  differentiate(place, worker, found);
  std::vector<float> gradient(values.size());
  for (const Gradients::Row& row : found.rows) {
    for (std::uint32_t e = row.begin; e < row.begin + row.size; ++e) {
      gradient[parts_.rows.offsets[row.of.label] + found.entries[e]] += found.values[e];
    }
  }
  return gradient;
}

void RowTraining::train_batch(std::span<const std::uint32_t> places, double rate, SharedWork& work) {
  if (shared_) {
    failed_ = !differentiate_by_own(places);
  } else {
    differentiate_in_blocks<Worker>(
        places, blocks_, work, [&](std::uint32_t place, Worker& worker, Gradients& out) { differentiate(place, worker, out); },
        [](Gradients& block, const auto& use) { Gradients::for_each_array(block, use); });
  }
  if (!work.error() && !failed_) update_rows(rate);
}

/// Of this rank's rows, where the sums of the losses are those of all ranks.
bool RowTraining::differentiate_by_own(std::span<const std::uint32_t> places) {
  return differentiate_among(
      *shared_, data_, rows_, places, measured_, blocks_,
      [&](std::uint32_t place, Measured& out) {
        static thread_local SpreadSample sample;
        measure(place, sample, out);
      },
      [&](Measured& measured, std::size_t labels) { return logits_of(measured, labels); },
      [&](std::uint32_t place, const Measured& measured, float factor, Gradients& out) {
        add_gradients(place, measured, factor, out);
      });
}

void RowTraining::differentiate(std::uint32_t place, Worker& worker, Gradients& out) const {
  const std::size_t labels = data_.labels.row_ids(rows_[place]).size();
  if (labels == 0) return;
  measure(place, worker.sample, worker.measured);
  const LogitRow all = logits_of(worker.measured, labels);
  add_gradients(place, worker.measured, loss_.gradient(all, data_.weight(rows_[place])).factor, out);
}

void RowTraining::measure(std::uint32_t place, SpreadSample& sample, Measured& out) const {
  const SparseMatrix& rows = parts_.rows;
  const auto truth = data_.labels.row_ids(rows_[place]);
  sample.put(parts_.weights, data_.features.row_ids(rows_[place]), data_.features.row_values(rows_[place]));
  const float* const x = sample.data();
  out.labels.put(truth, candidates_.of(place));
  const std::span<const std::uint32_t> labels = out.labels.all();
  find_matches(sample, rows, labels, out.places, out.ends,
               [&](std::uint64_t j) { __builtin_prefetch(parameters_.weights.data() + j); });
  out.logits.resize(labels.size());
  out.values.resize(std::max(out.values.size(), out.places.size()));
  for (std::size_t c = 0; c < labels.size(); ++c) {
    const std::uint32_t label = labels[c];
    const std::uint64_t at = rows.offsets[label];
    float now = 0, start = 0, own = 0;
    for (std::size_t i = c == 0 ? 0 : out.ends[c - 1]; i < out.ends[c]; ++i) {
      const std::uint64_t j = at + out.places[i];
      const float value = out.values[i] = x[rows.ids[j]];
      now += value * parameters_.weights[j];
      if (c >= truth.size()) continue;
      const float started = widened(rows.values[j]);
      start += value * started;
      if (started != 0.f) own += value * value;
    }
    if (c < truth.size()) now += without_sample(start, own, made_.counts[label], made_.lengths[label]) - start;
    out.logits[c] = kSharpness * now;
  }
  weights_of(label_weights_, truth, out.targets);
}

/// `labels`: how many the sample has, on all ranks.
LogitRow RowTraining::logits_of(Measured& measured, std::size_t labels) const {
  return {measured.logits.data(), measured.logits.size(), measured.labels.own_places(), labels, measured.logits.size(), {},
          measured.targets};
}

void RowTraining::add_gradients(std::uint32_t place, const Measured& measured, float factor, Gradients& out) const {
  const std::span<const std::uint32_t> labels = measured.labels.all();
  for (std::size_t c = 0; c < labels.size(); ++c) {
    const float gradient = factor * measured.logits[c];
    if (std::abs(gradient) < kLeastGradient) continue;
    const std::uint32_t begin = static_cast<std::uint32_t>(out.entries.size());
    for (std::size_t i = c == 0 ? 0 : measured.ends[c - 1]; i < measured.ends[c]; ++i) {
      out.entries.push_back(measured.places[i]);
      out.values.push_back(gradient * measured.values[i]);
    }
    out.rows.push_back({{labels[c], place, gradient}, begin, static_cast<std::uint32_t>(out.entries.size()) - begin});
  }
}

void RowTraining::update_rows(double rate) {
  pieces_.build(
      blocks_.size(), [&](std::uint32_t block) { return blocks_[block].rows.size(); },
      [&](std::uint32_t block, std::uint32_t row) { return blocks_[block].rows[row].of.label; });
  const RowOptimizer optimizer(adagrad_, rate, ++step_);
  pieces_.for_each([&](std::uint32_t label, std::span<const PieceGroups::Piece> pieces) {
    static thread_local std::vector<float> sum;
    sum.assign(parameters_.width(label), 0.f);
    for (const PieceGroups::Piece& piece : pieces) {
      const Gradients& block = blocks_[piece.block];
      const Gradients::Row& row = block.rows[piece.row];
      for (std::uint32_t e = row.begin; e < row.begin + row.size; ++e) sum[block.entries[e]] += block.values[e];
    }
    optimizer.update(parameters_, label, sum.data(), 0.f);
  });
}

void RowTraining::take_topology_gradients() {
  for (const Gradients& block : blocks_) {
    for (const Gradients::Row& row : block.rows) {
      if (std::abs(row.of.gradient) >= kLeastForTopology) topology_gradients_.push_back(row.of);
    }
  }
}

void RowTraining::change_topology(std::uint32_t epochs_done) {
  tbb::parallel_sort(topology_gradients_.begin(), topology_gradients_.end(), [](const LabelGradient& a, const LabelGradient& b) {
    if (a.label != b.label) return a.label < b.label;
    return a.place != b.place ? a.place < b.place
                              : a.gradient < b.gradient;  // of two passes, in an order that is always the same
  });
  const auto sample = [&](std::uint32_t place) -> SampleFeatures {
    static thread_local std::vector<float> weighted;
    const auto ids = data_.features.row_ids(rows_[place]);
    parts_.weights.weigh(ids, data_.features.row_values(rows_[place]), weighted);
    return {ids, weighted};
  };
  const TopologyChange change{config_.sparse_rows.topology,
                              annealed_share(config_.sparse_rows.growth, epochs_done - 1.0, config_.sparse_rows.epochs - 1.0),
                              config_.sparse_rows.fan_in, hashing::derive(config_.run.seed, kTopologyStream, epochs_done)};
  std::vector<float> moved = values();
  ParameterRows before = std::move(parameters_);
  glissade::change_topology(change, topology_gradients_, parts_.weights.weights.size(), sample, parts_.rows, moved);
  parameters_ = parameters_of(moved);
  parameters_.row_second_moment = std::move(before.row_second_moment);
  parameters_.row_steps = std::move(before.row_steps);
  age_topology_gradients();
}

/// What the next change will still know of this pass: nothing, or with snfs the momentum of a sample's gradients.
void RowTraining::age_topology_gradients() {
  if (TopologyPolicy::of(config_.sparse_rows.topology).grow != TopologyPolicy::Grow::momentum) return topology_gradients_.clear();
  std::size_t count = 0;
  for (const LabelGradient& gradient : topology_gradients_) {
    LabelGradient aged = gradient;
    aged.gradient *= kGradientMemory;
    const bool known =
        count != 0 && topology_gradients_[count - 1].label == aged.label && topology_gradients_[count - 1].place == aged.place;
    if (known) {
      topology_gradients_[count - 1].gradient += aged.gradient;
    } else {
      topology_gradients_[count++] = aged;
    }
  }
  topology_gradients_.resize(count);
}

}  // namespace glissade
