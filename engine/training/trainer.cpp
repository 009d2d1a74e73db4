#include <glissade/trainer.h>

#include <fmt/format.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include <glissade/options.h>

#include "engine/model/access.h"
#include "engine/model/sections.h"
#include "engine/stopwatch.h"
#include "engine/training/arena.h"
#include "engine/training/averaging.h"
#include "engine/training/blend_fit.h"
#include "engine/training/centroid_start.h"
#include "engine/training/correction.h"
#include "engine/training/learning_rate.h"
#include "engine/training/sample_order.h"
#include "engine/training/step.h"
#include "engine/training/window_reader.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kOrderStream = 21;
constexpr double kProgressSeconds = 0.2;
constexpr std::size_t kRowsCheckedAtOnce = 65536;

Error out_of_memory() { return runtime_error("out of memory in a matrix product; use a smaller batch"); }

double ratio(double a, double b) noexcept { return b > 0 ? a / b : 0.0; }

void add(PassSums& sums, const TrainingStep::Report& step, std::size_t samples) noexcept {
  sums.samples += samples;
  ++sums.steps;
  sums.probed += step.output.probed;
  sums.hits += step.output.hits;
  sums.active_rows += step.output.active_rows;
  sums.rows_touched += step.output.rows_touched;
  sums.features_touched += step.features_touched;
  sums.rows_rehashed += step.rows_rehashed;
  sums.loss += step.output.loss;
}

/// What Progress and EpochReport say in the same words.
template <class Report>
Report means_of(const PassSums& sums, std::uint32_t epoch, std::uint32_t labels) {
  Report report;
  const auto samples = static_cast<double>(sums.samples);
  report.epoch = epoch;
  report.samples_per_second = ratio(samples, sums.seconds);
  report.loss = ratio(sums.loss, samples);
  report.precision_at_1 = ratio(static_cast<double>(sums.hits), static_cast<double>(sums.probed));
  report.active_share = ratio(static_cast<double>(sums.active_rows), samples * labels);
  return report;
}

Progress progress_of(const PassSums& sums, std::uint32_t epoch, std::uint64_t all, std::uint32_t labels) {
  auto progress = means_of<Progress>(sums, epoch, labels);
  progress.samples_done = sums.samples;
  progress.samples_total = all;
  progress.seconds = sums.seconds;
  return progress;
}

EpochReport report_of(const PassSums& sums, std::uint32_t epoch, const PhaseSeconds& phases, const Shape& shape) {
  const auto share = [&](std::uint64_t rows, std::uint32_t all) {
    return ratio(static_cast<double>(rows), static_cast<double>(sums.steps) * all);
  };
  auto report = means_of<EpochReport>(sums, epoch, shape.labels);
  report.samples = sums.samples;
  report.steps = sums.steps;
  report.train_seconds = sums.seconds;
  report.phases = phases;
  report.rows_touched_share = share(sums.rows_touched, shape.labels);
  report.features_touched_share = share(sums.features_touched, shape.features);
  report.rows_rehashed = sums.rows_rehashed;
  return report;
}

}  // namespace

class Trainer::Impl {
 public:
  Impl(Model::Impl& model, std::uint64_t samples_per_epoch)
      : model_(model), samples_per_epoch_(samples_per_epoch), arena_(arena_threads(model.config.threads)) {
    schedule(samples_per_epoch);
    arena_.execute([&] { step_ = std::make_unique<TrainingStep>(model); });
  }

  Result<EpochReport> train_epoch(const DatasetView& data, const PassCallbacks& callbacks);
  Result<StepReport> train_step(const DatasetView& batch);
  void read_through(const RowPager* pager) noexcept { pager_ = pager; }

 private:
  std::optional<Error> check(const DatasetView& data);
  std::unique_ptr<WindowReader> make_reader(const DatasetView& data) const;
  std::optional<Error> begin_pass(const DatasetView& data, PhaseSeconds& phases);
  std::optional<Error> resume_pass(const DatasetView& data, PhaseSeconds& phases);
  std::optional<Error> finish_pass(const DatasetView& data, PhaseSeconds& phases);
  std::optional<Error> run_steps(const DatasetView& data, const PassCallbacks& callbacks, PhaseSeconds& phases);
  std::optional<Error> train_rows(const DatasetView& data, std::span<const std::uint32_t> rows,
                                  std::span<const std::uint32_t> next, PassSums& sums, PhaseSeconds& phases);
  std::uint64_t order_seed() const noexcept { return hashing::derive(model_.config.seed, kOrderStream, model_.epochs_done + 1); }
  void count_labels(const DatasetView& data);
  std::vector<ParameterRows*> blocks();
  void end_with_average();
  void choose_order(const DatasetView& data);
  void schedule(std::uint64_t samples_per_epoch) noexcept;

  Model::Impl& model_;
  std::uint64_t samples_per_epoch_;  ///< those that are kept out of training, too
  tbb::task_arena arena_;
  std::uint64_t total_steps_ = 0;
  std::unique_ptr<TrainingStep> step_;
  const RowPager* pager_ = nullptr;
  const std::uint32_t* checked_ = nullptr;  ///< ids of data that come through a pager and were found to be in order
};

/// Data that come through a pager stay as they are, and reading them once more for each epoch would take as long as training.
std::optional<Error> Trainer::Impl::check(const DatasetView& data) {
  if (pager_ != nullptr && checked_ == data.features.ids.data()) return std::nullopt;
  const auto all = [&]() -> std::optional<Error> {
    if (auto valid = check_view(data, model_.shape.features, model_.shape.labels); !valid) return valid.error();
    return std::nullopt;
  };
  if (pager_ == nullptr || data.features.rows() != data.labels.rows()) return all();
  for (std::size_t begin = 0; begin < data.size(); begin += kRowsCheckedAtOnce) {
    const std::size_t count = std::min(kRowsCheckedAtOnce, data.size() - begin);
    DatasetView piece = data;
    piece.features.offsets = data.features.offsets.subspan(begin, count + 1);
    piece.labels.offsets = data.labels.offsets.subspan(begin, count + 1);
    // A row's number in a message is that in the whole.
    if (!check_view(piece, model_.shape.features, model_.shape.labels)) return all();
    pager_->release(begin, begin + count);
  }
  checked_ = data.features.ids.data();
  return std::nullopt;
}

/// Null unless blocks are read one after another.
std::unique_ptr<WindowReader> Trainer::Impl::make_reader(const DatasetView& data) const {
  const Config& config = model_.config;
  if (pager_ == nullptr || config.shuffle_block == 0 || config.batches == BatchKind::similar) return nullptr;
  return std::make_unique<WindowReader>(*pager_, model_.pass.order, data.size(), config.shuffle_block, config.loader_threads);
}

void Trainer::Impl::count_labels(const DatasetView& data) {
  model_.label_counts.assign(model_.shape.labels, 0);
  for (std::size_t row = 0; row < data.size(); ++row) {
    for (const std::uint32_t label : data.labels.row_ids(row)) ++model_.label_counts[label];
  }
  model_.training_samples = data.size();
}

/// Sets the steps of the whole training, from the samples that an epoch trains on.
void Trainer::Impl::schedule(std::uint64_t samples_per_epoch) noexcept {
  const std::uint64_t step_samples = std::uint64_t{model_.config.batch} * model_.config.accumulate;
  total_steps_ = (samples_per_epoch + step_samples - 1) / step_samples * model_.config.epochs;
}

/// As far as it follows from the seed and the data alone.
void Trainer::Impl::choose_order(const DatasetView& data) {
  std::vector<std::uint32_t>& order = model_.pass.order;
  shuffle_in_blocks(order, data.size(), model_.config.shuffle_block, order_seed());
  if (uses_sparse_paths(model_.config)) {
    std::erase_if(order, [&](std::uint32_t row) { return is_kept_for_blend(model_.config, data, row); });
  }
}

std::optional<Error> Trainer::Impl::begin_pass(const DatasetView& data, PhaseSeconds& phases) {
  model_.pass = {};
  model_.pass.data_rows = data.size();
  count_labels(data);
  {
    const PhaseWatch watch(phases, Phase::gather);
    choose_order(data);
    if (model_.config.batches == BatchKind::similar)
      group_similar(model_.pass.order, model_.network, data, model_.config.batch, order_seed());
  }
  std::vector<std::uint32_t> trained = model_.pass.order;
  std::ranges::sort(trained);
  if (model_.step == 0 && model_.config.start == Start::centroids) {
    const PhaseWatch start(phases, Phase::input_forward);
    if (!start_from_centroids(model_.network, data, trained, model_.config.batch, model_.config.start_length))
      return out_of_memory();
  }
  if (uses_sparse_paths(model_.config) && model_.paths.empty()) {
    const PhaseWatch building(phases, Phase::sparse_paths);
    model_.set_paths(build_sparse_paths(model_.config, data, trained));
  }
  phases[Phase::rehash] = step_->begin_epoch(model_.pass.order.size());
  return std::nullopt;
}

std::optional<Error> Trainer::Impl::resume_pass(const DatasetView& data, PhaseSeconds& phases) {
  if (model_.pass.data_rows != data.size()) {
    return runtime_error(
        fmt::format("the model stands in the midst of a pass over {} samples, these are {}; give it the same data",
                    model_.pass.data_rows, data.size()));
  }
  const PhaseWatch watch(phases, Phase::gather);
  if (model_.pass.order.empty()) choose_order(data);
  if (model_.pass.order.size() < model_.pass.done)
    return runtime_error("the model stands beyond the end of these data; give it the data that its training began with");
  step_->resume_epoch();
  return std::nullopt;
}

std::vector<ParameterRows*> Trainer::Impl::blocks() {
  std::vector<ParameterRows*> all;
  for_each_layer(model_.network, [&](std::uint32_t, ParameterRows& rows) { all.push_back(&rows); });
  return all;
}

/// Only now: what is weighed below, reported and saved from here on is the average.
void Trainer::Impl::end_with_average() {
  if (model_.average.empty() || model_.step < total_steps_) return;
  model_.average.move_to(blocks());
  step_->begin_epoch(model_.pass.order.size());  // the tables were over other rows
}

std::optional<Error> Trainer::Impl::finish_pass(const DatasetView& data, PhaseSeconds& phases) {
  end_with_average();
  if (!model_.paths.empty()) {
    const PhaseWatch weighing(phases, Phase::sparse_paths);
    if (!fit_blend(model_, data, model_.epochs_done + 1 >= model_.config.epochs)) return out_of_memory();
  }
  ++model_.epochs_done;
  return std::nullopt;
}

std::optional<Error> Trainer::Impl::train_rows(const DatasetView& data, std::span<const std::uint32_t> rows,
                                               std::span<const std::uint32_t> next, PassSums& sums, PhaseSeconds& phases) {
  const std::uint64_t step = model_.step + 1;
  const TrainingStep::Report report = step_->run(data, {rows, next, learning_rate(model_.config, step, total_steps_),
                                                        correction_strength(model_.config, step, total_steps_)});
  if (!report.ok) return out_of_memory();
  add(sums, report, rows.size());
  phases += report.phases;
  if (std::isfinite(report.output.loss)) return std::nullopt;
  return runtime_error(fmt::format("the loss is no longer a finite number at step {}; use a lower learning rate than {}",
                                   model_.step, model_.config.learning_rate));
}

/// The steps that the pass still has to go, or as many as the callbacks want.
std::optional<Error> Trainer::Impl::run_steps(const DatasetView& data, const PassCallbacks& callbacks, PhaseSeconds& phases) {
  Pass& pass = model_.pass;
  const Stopwatch watch;
  const double before = pass.sums.seconds;
  double next_progress = kProgressSeconds;
  const auto batch_at = [&](std::size_t first) {
    const std::span<const std::uint32_t> rest = std::span(pass.order).subspan(std::min(first, pass.order.size()));
    return rest.first(std::min<std::size_t>(std::size_t{model_.config.batch} * model_.config.accumulate, rest.size()));
  };
  const auto reader = make_reader(data);
  while (pass.done < pass.order.size()) {
    if (reader) {
      const PhaseWatch waiting(phases, Phase::gather);
      reader->advance(pass.done, std::min<std::size_t>(pass.order.size(), pass.done + 2ull * model_.config.batch));
    }
    const auto batch = batch_at(pass.done);
    if (auto error = train_rows(data, batch, batch_at(pass.done + batch.size()), pass.sums, phases)) return error;
    pass.done += batch.size();
    if (is_averaged(model_.config, model_.step, total_steps_)) {
      const PhaseWatch averaging(phases, Phase::output_update);
      model_.average.add(blocks());
    }
    const double seconds = watch.seconds();
    pass.sums.seconds = before + seconds;
    bool goes_on = !callbacks.after_step || callbacks.after_step();
    if (callbacks.on_progress && seconds >= next_progress) {
      next_progress = seconds + kProgressSeconds;
      goes_on &= callbacks.on_progress(progress_of(pass.sums, model_.epochs_done + 1, pass.order.size(), model_.shape.labels));
    }
    if (!goes_on) break;
  }
  return std::nullopt;
}

Result<EpochReport> Trainer::Impl::train_epoch(const DatasetView& data, const PassCallbacks& callbacks) {
  const std::uint32_t epoch = model_.epochs_done + 1;
  PhaseSeconds phases;
  std::optional<Error> error;
  const Stopwatch watch;
  Pass& pass = model_.pass;
  double before = 0;
  arena_.execute([&] {
    error = check(data);
    if (error) return;
    error = pass.done == 0 ? begin_pass(data, phases) : resume_pass(data, phases);
    if (error) return;
    const std::size_t kept = data.size() - pass.order.size();
    schedule(samples_per_epoch_ - std::min<std::uint64_t>(kept, samples_per_epoch_));
    if (pager_ != nullptr) pager_->release(0, data.size());  // what counting labels and building paths has read
    before = pass.sums.seconds;
    pass.sums.seconds += watch.seconds();
    error = run_steps(data, callbacks, phases);
    if (!error && pass.done == pass.order.size()) error = finish_pass(data, phases);
  });
  if (error) return *error;
  pass.sums.seconds = before + watch.seconds();
  const EpochReport report = report_of(pass.sums, epoch, phases, model_.shape);
  if (model_.epochs_done == epoch) pass = {};
  return report;
}

Result<StepReport> Trainer::Impl::train_step(const DatasetView& batch) {
  PassSums sums;
  PhaseSeconds phases;
  std::optional<Error> error;
  arena_.execute([&] {
    if (auto valid = check_view(batch, model_.shape.features, model_.shape.labels); !valid) {
      error = valid.error();
      return;
    }
    if (batch.size() == 0) return;
    std::vector<std::uint32_t> all(batch.size());
    std::iota(all.begin(), all.end(), 0u);
    error = train_rows(batch, all, {}, sums, phases);
  });
  if (error) return *error;
  return StepReport{ratio(sums.loss, static_cast<double>(sums.samples)), sums.rows_touched};
}

Trainer::Trainer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

Result<Trainer> Trainer::create(Model& model, std::uint64_t samples_per_epoch) {
  if (!model.trainable()) return usage_error("this model was loaded for inference; load it for training");
  if (model.config().loss == LossKind::ns) {
    return usage_error("option 'loss': 'ns' is out of place, the data are no running text; use softmax or bce");
  }
  try {
    return Trainer(std::make_unique<Impl>(impl_of(model), samples_per_epoch));
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory for the hash tables or step buffers; use fewer tables or a smaller batch");
  }
}

Result<EpochReport> Trainer::train_epoch(const DatasetView& data, const PassCallbacks& callbacks) {
  try {
    return impl_->train_epoch(data, callbacks);
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while training; use a smaller batch or fewer active rows");
  }
}

void Trainer::read_through(const RowPager* pager) noexcept { impl_->read_through(pager); }

Result<StepReport> Trainer::train_step(const DatasetView& batch) {
  try {
    return impl_->train_step(batch);
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while training; use a smaller batch or fewer active rows");
  }
}

}  // namespace glissade
