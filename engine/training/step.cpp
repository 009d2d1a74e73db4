#include "engine/training/step.h"

#include "engine/losses/label_weights.h"
#include "engine/stopwatch.h"
#include "hashing/group_codes.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

enum Stream : std::uint64_t { kFeatureDropout = 11, kHiddenDropout = 12, kActiveSet = 13 };

}  // namespace

TrainingStep::TrainingStep(Model::Impl& model) : model_(model), feature_groups_(model.shape.features) {
  if (uses_tables(model.config.sampler)) index_ = &model.training_index();
  if (uses_clusters(model.config.sampler)) clusters_ = &model.training_clusters();
  sampler_ = make_sampler(model.config, model.shape.labels, {index_, &model.network.output, clusters_});
  sampler_->count_labels(model.label_counts);
  label_weights_ = label_weights(model.config, model.label_counts, model.training_samples);
  output_ = make_output_path({model.config, model.network.output, *sampler_, index_ != nullptr ? &index_->drift() : nullptr});
}

double TrainingStep::begin_epoch(std::uint64_t samples) {
  sampler_->count_labels(model_.label_counts);
  label_weights_ = label_weights(model_.config, model_.label_counts, model_.training_samples);
  if (clusters_) clusters_->restart(model_.epochs_done, samples, model_.config.batch);
  if (index_ == nullptr) return 0.0;
  const Stopwatch watch;
  index_->restart(model_.epochs_done, samples, model_.config.batch);
  return watch.seconds();
}

Batch::Dropout TrainingStep::feature_dropout(std::uint64_t step) const noexcept {
  return {model_.config.feature_dropout, hashing::derive(model_.config.seed, kFeatureDropout, step)};
}

TrainingStep::Report TrainingStep::run(const DatasetView& data, const Plan& plan) {
  const Config& config = model_.config;
  Network& network = model_.network;
  const std::uint64_t step = ++model_.step;
  model_.pass.open = true;
  const RowOptimizer optimizer(config, plan.learning_rate, step);
  Report report;

  const Stopwatch gather;
  const Batch& batch = batches_.take({data, plan.rows, feature_dropout(step)});
  report.phases[Phase::gather] += gather.seconds();
  BatchAhead::Copying copying = batches_.start({data, plan.next, feature_dropout(step + 1)});
  report.ok = network.forward(batch.features(), {config.hidden_dropout, hashing::derive(config.seed, kHiddenDropout, step)},
                              hidden_, &report.phases);
  gradients_.resize(hidden_.size());
  for (std::size_t i = 0; i < hidden_.size(); ++i) gradients_[i].reserve_discard(hidden_[i].samples * hidden_[i].stride);

  if (index_ != nullptr) {
    const PhaseWatch watch(report.phases, Phase::sampling);
    index_->ensure_begun();
    hash_hidden();
  }
  if (config.correction != Correction::off) sampler_->set_correction(plan.correction);
  weights_of(label_weights_, batch.labels().ids, target_weights_);
  const SparseRows labels{batch.labels().offsets, batch.labels().ids, target_weights_};
  report.output = output_->step({hidden_.back(),
                                 labels,
                                 {codes_.data(), codes_stride_, asking_},
                                 hashing::derive(config.seed, kActiveSet, step),
                                 optimizer,
                                 gradients_.back().data(),
                                 report.phases});
  report.ok &= report.output.ok;
  report.ok &= backward(batch, optimizer, report.phases);
  report.features_touched = feature_groups_.used_rows();

  if (clusters_) {
    const PhaseWatch watch(report.phases, Phase::rehash);
    report.rows_rehashed += clusters_->advance(hidden_.back());
  }
  if (index_ != nullptr) {
    const PhaseWatch watch(report.phases, Phase::rehash);
    report.rows_rehashed += index_->advance(plan.rows.size());
  } else {
    model_.drop_index();
  }
  const PhaseWatch waiting(report.phases, Phase::gather);
  copying.finish();
  return report;
}

void TrainingStep::hash_hidden() {
  const Activations& hidden = hidden_.back();
  const std::size_t every = model_.config.scope == Scope::shared ? model_.config.query_every : 1;
  asking_ = (hidden.samples + every - 1) / every;
  codes_stride_ = hashing::padded(asking_);
  codes_.resize(codes_stride_ * index_->tables().tables());
  index_->codes(hidden, {0, asking_, every}, codes_.data(), codes_stride_);
}

bool TrainingStep::backward(const Batch& batch, const RowOptimizer& optimizer, PhaseSeconds& phases) {
  Network& network = model_.network;
  const double dropout = model_.config.hidden_dropout;
  bool ok = true;
  const Stopwatch watch;
  for (std::size_t i = hidden_.size() - 1; i > 0; --i) {
    activate_backward(hidden_[i], network.activation, dropout, gradients_[i].data());
    ok &= network.dense[i - 1].backward(hidden_[i - 1], gradients_[i].data(), hidden_[i].stride, gradients_[i - 1].data(),
                                        optimizer);
  }
  activate_backward(hidden_[0], network.activation, dropout, gradients_[0].data());
  phases[Phase::dense_backward] += watch.seconds();
  network.input.backward(batch.features(), gradients_[0].data(), hidden_[0].stride, optimizer, feature_groups_, phases);
  return ok;
}

}  // namespace glissade
