#include "engine/training/step.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/losses/label_weights.h"
#include "engine/progress/stopwatch.h"
#include "engine/training/batch_scaling.h"
#include "hashing/group_codes.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

enum StepStream : std::uint64_t { kFeatureDropout = 11, kHiddenDropout = 12, kActiveSet = 13 };

}  // namespace

TrainingStep::TrainingStep(Model::Impl& model, Communicator* ranks, const Sharing& sharing)
    : model_(model), feature_groups_(model.network.input.rows.rows()) {
  if (uses_tables(model.config.active_set.sampler)) index_ = &model.training_index();
  if (uses_clusters(model.config.active_set.sampler)) clusters_ = &model.training_clusters();
  const RowOwners owners = model.owners();
  by_rank_ = owners.are_several() && OwnSets::by_rank(model.config);
  const SamplerSources sources{index_, &model.network.output, clusters_};
  sampler_ = by_rank_ ? make_sampler(OwnSets::of_rank(model.config, model.shape.labels, owners),
                                     static_cast<std::uint32_t>(model.network.output.rows()), sources)
                      : make_sampler(model.config, model.shape.labels, sources);
  const bool among = ranks != nullptr && !ranks->is_alone();
  if (among && sharing.distribution == Distribution::data)
    sample_sharing_ = std::make_unique<SampleSharing>(*ranks, sharing, stop_wish_);
  if (among && sharing.distribution == Distribution::labels)
    row_sharing_ = std::make_unique<RowSharing>(*ranks, model.network, sharing.wire, stop_wish_);
  const Config::Training& training = model.config.training;
  if (sample_sharing_ || training.pieces_of_step() > 1 || training.parts > 1 || model.config.optimizer.clip_norm > 0) {
    std::vector<ParameterRows*> blocks = {&model.network.input.rows, &model.network.input.bias};
    for (DenseLayer& layer : model.network.dense) blocks.push_back(&layer.rows);
    blocks.push_back(&model.network.output);
    if (model.network.vectors.rows.rows() != 0) blocks.push_back(&model.network.vectors.rows);
    gradient_store_ = std::make_unique<GradientStore>(blocks);
    if (sample_sharing_) sample_sharing_->prepare(blocks);
  }
  if (model.network.output.block() > 1) block_changes_ = std::make_unique<BlockChanges>(model.network.output);
  follow_counts();
  output_ = make_output_path({model.config, model.network.output, *sampler_, index_ != nullptr ? &index_->drift() : nullptr, 0,
                              row_sharing_ ? &row_sharing_->rows() : nullptr, model.shape.labels});
}

void TrainingStep::follow_counts() {
  if (by_rank_ && !model_.label_counts.empty()) {
    const RowOwners owners = model_.owners();
    std::vector<std::uint32_t> own(model_.network.output.rows());
    for (std::uint32_t place = 0; place < own.size(); ++place) own[place] = model_.label_counts[owners.row_at(place)];
    sampler_->count_labels(own);
  } else {
    sampler_->count_labels(model_.label_counts);
  }
  label_weights_ = label_weights(model_.config, model_.label_counts, model_.training_samples);
}

double TrainingStep::begin_epoch(std::uint64_t samples) {
  follow_counts();
  const std::uint64_t step_samples = model_.config.training.step_samples();
  if (clusters_) clusters_->restart(model_.epochs_done, samples, step_samples);
  if (index_ == nullptr) return 0.0;
  const Stopwatch watch;
  index_->restart(model_.epochs_done, samples, step_samples);
  return watch.seconds();
}

Batch::Dropout TrainingStep::feature_dropout(std::uint64_t step) const noexcept {
  return {model_.config.training.feature_dropout, hashing::derive(model_.config.run.seed, kFeatureDropout, step)};
}

/// Where gradients wait, a step goes through its samples part by part.
std::size_t TrainingStep::parts_of(std::span<const std::uint32_t> rows) const noexcept {
  const std::size_t samples = model_.config.training.part_samples();
  return (rows.size() + samples - 1) / samples;
}

std::span<const std::uint32_t> TrainingStep::part_of(std::span<const std::uint32_t> rows, std::size_t part) const noexcept {
  const std::size_t samples = model_.config.training.part_samples();
  const auto rest = rows.subspan(std::min(rows.size(), part * samples));
  return rest.first(std::min(rest.size(), samples));
}

bool TrainingStep::goes_through(std::size_t position, std::size_t samples) const noexcept {
  if (!sample_sharing_) return true;
  const std::size_t step = model_.config.training.step_samples(), part_samples = model_.config.training.part_samples();
  const std::size_t begin = position / step * step, count = std::min(step, samples - begin);
  const auto own = sample_sharing_->own_share((count + part_samples - 1) / part_samples);
  const std::size_t part = (position - begin) / part_samples;
  return part >= own.first && part < own.first + own.count;
}

/// The first part of these that this process will go through.
std::span<const std::uint32_t> TrainingStep::first_own(std::span<const std::uint32_t> rows) const noexcept {
  if (!sample_sharing_) return part_of(rows, 0);
  const auto share = sample_sharing_->own_share(parts_of(rows));
  return share.count == 0 ? std::span<const std::uint32_t>() : part_of(rows, share.first);
}

TrainingStep::Report TrainingStep::run(const DatasetView& data, const Plan& plan) {
  const Config& config = model_.config;
  if (ParameterRows& output = model_.network.output; output.is_open()) {  // no pass over the data said which rows are alike
    std::vector<std::uint32_t> in_order(output.rows());
    std::iota(in_order.begin(), in_order.end(), 0u);
    output.share_connections(in_order);
  }
  const std::uint64_t step = ++model_.step;
  model_.pass.open = true;
  RowChanges changes = RowChanges::of(config, plan.done, step);
  changes.blocks = block_changes_.get();
  const RowOptimizer optimizer =
      RowOptimizer(optimizer_for(config, plan.rows.size()), plan.learning_rate, step).changing(changes);
  if (config.active_set.correction != Correction::off) sampler_->set_correction(plan.correction);
  Report report;
  if (index_ != nullptr) {
    const PhaseWatch watch(report.phases, Phase::sampling);
    index_->ensure_begun();
  }
  if (gradient_store_) {
    run_parts(data, plan, optimizer, report);
    if (report.error || !report.ok) return report;
    change_blocks(changes);
    advance_tables(plan.rows.size(), report);
  } else {
    run_part(data, {plan.rows, plan.next, step + 1, 0}, optimizer, report);
    if (!report.error && report.ok) change_blocks(changes);
    report.features_touched = row_sharing_ ? row_sharing_->features_touched() : feature_groups_.used_rows();
    advance_tables(plan.rows.size(), report);
  }
  if (index_ == nullptr) model_.drop_index();
  if (!model_.codes.empty()) model_.codes = {};
  return report;
}

void TrainingStep::run_parts(const DatasetView& data, const Plan& plan, const RowOptimizer& optimizer, Report& report) {
  const std::uint64_t step = model_.step;
  const std::size_t parts = parts_of(plan.rows);
  const SampleSharing::Share own = sample_sharing_ ? sample_sharing_->own_share(parts) : SampleSharing::Share{0, parts};
  for (std::size_t part = own.first; part < own.first + own.count; ++part) {
    const auto rows = part_of(plan.rows, part);
    const bool last = part + 1 == own.first + own.count;
    const float share = static_cast<float>(rows.size()) / static_cast<float>(plan.rows.size());
    run_part(data, {rows, last ? first_own(plan.next) : part_of(plan.rows, part + 1), last ? step + 1 : step, part},
             optimizer.collecting(*gradient_store_, share), report);
  }
  if (sample_sharing_) exchange(part_of(plan.rows, parts - 1).size(), plan.all_travel, report);
  if (report.error || !report.ok) return;
  {
    const PhaseWatch watch(report.phases, Phase::output_update);
    Network& network = model_.network;
    GradientStore& gradients = sample_sharing_ ? sample_sharing_->sums(*gradient_store_) : *gradient_store_;
    const double limit = model_.config.optimizer.clip_norm, norm = measure(gradients, limit > 0, report);
    if (report.error) return;
    gradients.flush(norm > limit ? static_cast<float>(limit / norm) : 1.f,
                    [&](ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient, std::uint32_t steps) {
                      const float change = optimizer.update(rows, row, gradient, bias_gradient, steps);
                      if (index_ != nullptr && &rows == &network.output)
                        index_->drift().add(static_cast<std::uint32_t>(row), change);
                    });
  }
}

/// Of patterns that were due in this step.
void TrainingStep::change_blocks(const RowChanges& changes) {
  if (block_changes_ == nullptr) return;
  block_changes_->finish(changes, [this](std::uint32_t row, float change) {
    if (index_ != nullptr) index_->drift().add(row, change);
  });
}

/// What a step whose gradients waited has touched; returns the length of all of them, if it is wanted.
double TrainingStep::measure(const GradientStore& gradients, bool wants_norm, Report& report) {
  const Network& network = model_.network;
  RowSharing::Waited waited{gradients.used_rows(network.input.rows), gradients.used_rows(network.output)};
  double others = 0;  // what all ranks have alike
  if (wants_norm) {
    const std::vector<double> squares = gradients.squares();
    for (std::size_t block = 0; block < squares.size(); ++block) {
      const ParameterRows* const rows = &gradients.rows_of(block);
      (rows == &network.input.rows || rows == &network.output ? waited.square : others) += squares[block];
    }
  }
  if (row_sharing_) {
    row_sharing_->add_up(waited);
    report.error = row_sharing_->error();
  }
  report.features_touched = waited.features;
  report.output.rows_touched = waited.rows;
  return std::sqrt(waited.square + others);
}

/// What the other ranks have of the step. A learned table that begins anew looks at the activations of the last part.
void TrainingStep::exchange(std::size_t last_samples, bool all_travel, Report& report) {
  const PhaseWatch watch(report.phases, Phase::communication);
  report.output.ok &= report.ok;
  auto done = sample_sharing_->exchange(report.output, *gradient_store_, all_travel);
  report.ok = report.output.ok;
  if (done && report.ok && clusters_ != nullptr && clusters_->wants_activations()) {
    if (hidden_.empty()) hidden_.resize(1);
    done = sample_sharing_->share_activations(hidden_.back(), last_samples, model_.network.output.width(),
                                              sample_sharing_->owner_of_last());
  }
  if (!done) report.error = done.error();
}

/// The hidden gradient by the rows of all ranks, and their report.
void TrainingStep::share(OutputReport& output, Report& report) {
  const PhaseWatch watch(report.phases, Phase::communication);
  output.ok &= report.ok;
  row_sharing_->add_up(output);
  report.error = row_sharing_->error();
}

void TrainingStep::advance_tables(std::size_t samples, Report& report) {
  if (clusters_ == nullptr && index_ == nullptr) return;
  const PhaseWatch watch(report.phases, Phase::rehash);
  if (clusters_ != nullptr) report.rows_rehashed += clusters_->advance(hidden_.back(), samples);
  if (index_ != nullptr) report.rows_rehashed += index_->advance(samples);
}

void TrainingStep::run_part(const DatasetView& data, const Part& part, const RowOptimizer& optimizer, Report& report) {
  const Config& config = model_.config;
  Network& network = model_.network;
  const std::uint64_t step = model_.step;
  const auto seed = [&](StepStream stream, std::uint64_t number) {
    const std::uint64_t of_step = hashing::derive(config.run.seed, stream, step);
    return number == 0 ? of_step : hashing::derive(of_step, number);
  };

  const Stopwatch gather;
  const Batch& batch = batches_.take({data, part.rows, feature_dropout(step), &model_.transform});
  report.phases[Phase::gather] += gather.seconds();
  BatchAhead::Copying copying = batches_.start({data, part.next, feature_dropout(part.next_step), &model_.transform});
  if (row_sharing_) row_sharing_->inputs().meanwhile([&] { copying.finish(); });
  report.ok &= network.forward(batch.inputs(), {config.training.hidden_dropout, seed(kHiddenDropout, part.part)}, hidden_,
                               &report.phases, row_sharing_ ? &row_sharing_->inputs() : nullptr);
  gradients_.resize(hidden_.size());
  for (std::size_t i = 0; i < hidden_.size(); ++i) gradients_[i].reserve_discard(hidden_[i].samples * hidden_[i].stride);

  if (index_ != nullptr) {
    const PhaseWatch watch(report.phases, Phase::sampling);
    hash_hidden();
  }
  weights_of(label_weights_, batch.labels().ids, target_weights_);
  const SparseRows labels{batch.labels().offsets, batch.labels().ids, target_weights_};
  OutputReport output =
      output_->step({hidden_.back(),
                     labels,
                     {codes_.data(), codes_stride_, asking_},
                     seed(kActiveSet, part.part / config.training.parts),  // what is drawn is the same in all parts of a piece
                     optimizer,
                     gradients_.back().data(),
                     report.phases,
                     batch.weights()});
  if (row_sharing_) share(output, report);
  report.output += output;
  report.ok &= output.ok;
  if (report.error) return copying.finish();
  report.ok &= backward(batch, optimizer, report.phases);

  const PhaseWatch waiting(report.phases, Phase::gather);
  copying.finish();
}

void TrainingStep::hash_hidden() {
  const Activations& hidden = hidden_.back();
  const std::size_t every = model_.config.active_set.scope == Scope::shared ? model_.config.active_set.query_every : 1;
  asking_ = (hidden.samples + every - 1) / every;
  codes_stride_ = hashing::padded(asking_);
  codes_.resize(codes_stride_ * index_->tables().tables());
  index_->codes(hidden, {0, asking_, every}, codes_.data(), codes_stride_);
}

bool TrainingStep::backward(const Batch& batch, const RowOptimizer& optimizer, PhaseSeconds& phases) {
  Network& network = model_.network;
  const double dropout = model_.config.training.hidden_dropout;
  bool ok = true;
  const Stopwatch watch;
  for (std::size_t i = hidden_.size() - 1; i > 0; --i) {
    activate_backward(hidden_[i], network.activation, dropout, gradients_[i].data(), network.active_units(i));
    ok &= network.dense[i - 1].backward(hidden_[i - 1], gradients_[i].data(), hidden_[i].stride, gradients_[i - 1].data(),
                                        optimizer);
  }
  activate_backward(hidden_[0], network.activation, dropout, gradients_[0].data(), network.active_units(0));
  if (const VectorBatch* const vectors = batch.inputs().vectors; vectors != nullptr && network.vectors.rows.rows() != 0)
    ok &= network.vectors.backward(*vectors, gradients_[0].data(), hidden_[0].stride, nullptr, optimizer);
  phases[Phase::dense_backward] += watch.seconds();
  network.input.backward(row_sharing_ ? row_sharing_->inputs().own() : batch.features(), gradients_[0].data(), hidden_[0].stride,
                         optimizer, feature_groups_, phases);
  return ok;
}

}  // namespace glissade
