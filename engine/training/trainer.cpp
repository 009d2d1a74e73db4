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

#include "engine/stopwatch.h"
#include "engine/training/arena.h"
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

/// Sums over the steps of an epoch.
struct Totals {
  std::uint64_t samples = 0, steps = 0, probed = 0, hits = 0, active_rows = 0, rows_touched = 0, features_touched = 0,
                rows_rehashed = 0;
  double loss = 0;
  PhaseSeconds phases;

  void add(const TrainingStep::Report& step, std::size_t step_samples) noexcept {
    samples += step_samples;
    ++steps;
    probed += step.output.probed;
    hits += step.output.hits;
    active_rows += step.output.active_rows;
    rows_touched += step.output.rows_touched;
    features_touched += step.features_touched;
    rows_rehashed += step.rows_rehashed;
    loss += step.output.loss;
    phases += step.phases;
  }
  static double ratio(double a, double b) noexcept { return b > 0 ? a / b : 0.0; }
  double mean_loss() const noexcept { return ratio(loss, static_cast<double>(samples)); }
  double precision() const noexcept { return ratio(static_cast<double>(hits), static_cast<double>(probed)); }
  double active_share(std::uint32_t labels) const noexcept {
    return ratio(static_cast<double>(active_rows), static_cast<double>(samples) * labels);
  }
};

Progress progress_of(const Totals& totals, std::uint32_t epoch, std::uint64_t all, double seconds, std::uint32_t labels) {
  Progress progress;
  progress.epoch = epoch;
  progress.samples_done = totals.samples;
  progress.samples_total = all;
  progress.seconds = seconds;
  progress.samples_per_second = Totals::ratio(static_cast<double>(totals.samples), seconds);
  progress.loss = totals.mean_loss();
  progress.precision_at_1 = totals.precision();
  progress.active_share = totals.active_share(labels);
  return progress;
}

EpochReport report_of(const Totals& totals, std::uint32_t epoch, double seconds, const Shape& shape) {
  const auto share = [&](std::uint64_t rows, std::uint32_t all) {
    return Totals::ratio(static_cast<double>(rows), static_cast<double>(totals.steps) * all);
  };
  EpochReport report;
  report.epoch = epoch;
  report.samples = totals.samples;
  report.steps = totals.steps;
  report.train_seconds = seconds;
  report.phases = totals.phases;
  report.samples_per_second = Totals::ratio(static_cast<double>(totals.samples), seconds);
  report.loss = totals.mean_loss();
  report.precision_at_1 = totals.precision();
  report.active_share = totals.active_share(shape.labels);
  report.rows_touched_share = share(totals.rows_touched, shape.labels);
  report.features_touched_share = share(totals.features_touched, shape.features);
  report.rows_rehashed = totals.rows_rehashed;
  return report;
}

}  // namespace

class Trainer::Impl {
 public:
  Impl(Model::Impl& model, std::uint64_t samples_per_epoch) : model_(model), arena_(arena_threads(model.config.threads)) {
    std::uint64_t trained = samples_per_epoch;
    if (uses_sparse_paths(model.config)) {
      for (std::uint64_t row = 0; row < samples_per_epoch; ++row)
        trained -= is_kept_for_blend(model.config, samples_per_epoch, row);
    }
    const std::uint64_t steps = (trained + model.config.batch - 1) / model.config.batch;
    total_steps_ = steps * model.config.epochs;
    arena_.execute([&] { step_ = std::make_unique<TrainingStep>(model); });
  }

  Result<EpochReport> train_epoch(const DatasetView& data, const std::function<bool(const Progress&)>& on_progress);
  Result<StepReport> train_step(const DatasetView& batch);
  void read_through(const RowPager* pager) noexcept { pager_ = pager; }

 private:
  std::optional<Error> check(const DatasetView& data);
  std::unique_ptr<WindowReader> make_reader(const DatasetView& data) const;
  std::optional<Error> train_rows(const DatasetView& data, std::span<const std::uint32_t> rows,
                                  std::span<const std::uint32_t> next, Totals& totals);
  void count_labels(const DatasetView& data);
  void choose_order(const DatasetView& data, std::uint64_t seed, PhaseSeconds& phases);

  Model::Impl& model_;
  tbb::task_arena arena_;
  std::uint64_t total_steps_;
  std::unique_ptr<TrainingStep> step_;
  std::vector<std::uint32_t> order_;
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
  return std::make_unique<WindowReader>(*pager_, order_, data.size(), config.shuffle_block, config.loader_threads);
}

void Trainer::Impl::count_labels(const DatasetView& data) {
  model_.label_counts.assign(model_.shape.labels, 0);
  for (std::size_t row = 0; row < data.size(); ++row) {
    for (const std::uint32_t label : data.labels.row_ids(row)) ++model_.label_counts[label];
  }
  model_.training_samples = data.size();
}

void Trainer::Impl::choose_order(const DatasetView& data, std::uint64_t seed, PhaseSeconds& phases) {
  const PhaseWatch watch(phases, Phase::gather);
  shuffle_in_blocks(order_, data.size(), model_.config.shuffle_block, seed);
  if (uses_sparse_paths(model_.config)) {
    std::erase_if(order_, [&](std::uint32_t row) { return is_kept_for_blend(model_.config, data.size(), row); });
  }
  if (model_.config.batches == BatchKind::similar) group_similar(order_, model_.network, data, model_.config.batch, seed);
}

std::optional<Error> Trainer::Impl::train_rows(const DatasetView& data, std::span<const std::uint32_t> rows,
                                               std::span<const std::uint32_t> next, Totals& totals) {
  const std::uint64_t step = model_.step + 1;
  const TrainingStep::Report report = step_->run(data, {rows, next, learning_rate(model_.config, step, total_steps_),
                                                        correction_strength(model_.config, step, total_steps_)});
  if (!report.ok) return out_of_memory();
  totals.add(report, rows.size());
  if (std::isfinite(report.output.loss)) return std::nullopt;
  return runtime_error(fmt::format("the loss is no longer a finite number at step {}; use a lower learning rate than {}",
                                   model_.step, model_.config.learning_rate));
}

Result<EpochReport> Trainer::Impl::train_epoch(const DatasetView& data, const std::function<bool(const Progress&)>& on_progress) {
  const std::uint32_t epoch = model_.epochs_done + 1;
  const std::uint32_t labels = model_.shape.labels;
  Totals totals;
  std::optional<Error> error;
  bool stopped = false;
  const Stopwatch watch;
  arena_.execute([&] {
    error = check(data);
    if (error) return;
    count_labels(data);
    choose_order(data, hashing::derive(model_.config.seed, kOrderStream, epoch), totals.phases);
    std::vector<std::uint32_t> trained = order_;
    std::ranges::sort(trained);
    if (model_.step == 0 && model_.config.start == Start::centroids) {
      const PhaseWatch start(totals.phases, Phase::input_forward);
      if (!start_from_centroids(model_.network, data, trained, model_.config.batch, model_.config.start_length)) {
        error = out_of_memory();
        return;
      }
    }
    if (uses_sparse_paths(model_.config) && model_.paths.empty()) {
      const PhaseWatch building(totals.phases, Phase::sparse_paths);
      model_.set_paths(build_sparse_paths(model_.config, data, trained));
    }
    totals.phases[Phase::rehash] = step_->begin_epoch(order_.size());
    if (pager_ != nullptr) pager_->release(0, data.size());  // what counting labels and building paths has read
    const auto reader = make_reader(data);
    double next_progress = kProgressSeconds;
    const auto batch_at = [&](std::size_t first) {
      const std::span<const std::uint32_t> rest = std::span(order_).subspan(std::min(first, order_.size()));
      return rest.first(std::min<std::size_t>(model_.config.batch, rest.size()));
    };
    for (std::size_t first = 0; first < order_.size() && !error && !stopped; first += model_.config.batch) {
      if (reader) {
        const PhaseWatch waiting(totals.phases, Phase::gather);
        reader->advance(first, std::min<std::size_t>(order_.size(), first + 2ull * model_.config.batch));
      }
      error = train_rows(data, batch_at(first), batch_at(first + model_.config.batch), totals);
      const double seconds = watch.seconds();
      if (!on_progress || error || seconds < next_progress) continue;
      next_progress = seconds + kProgressSeconds;
      stopped = !on_progress(progress_of(totals, epoch, order_.size(), seconds, labels));
    }
    if (error || stopped || model_.paths.empty()) return;
    const PhaseWatch weighing(totals.phases, Phase::sparse_paths);
    if (!fit_blend(model_, data)) error = out_of_memory();
  });
  if (error) return *error;
  if (!stopped) model_.epochs_done = epoch;
  return report_of(totals, epoch, watch.seconds(), model_.shape);
}

Result<StepReport> Trainer::Impl::train_step(const DatasetView& batch) {
  Totals totals;
  std::optional<Error> error;
  arena_.execute([&] {
    if (auto valid = check_view(batch, model_.shape.features, model_.shape.labels); !valid) {
      error = valid.error();
      return;
    }
    if (batch.size() == 0) return;
    order_.resize(batch.size());
    std::iota(order_.begin(), order_.end(), 0u);
    error = train_rows(batch, order_, {}, totals);
  });
  if (error) return *error;
  return StepReport{totals.mean_loss(), totals.rows_touched};
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
    return Trainer(std::make_unique<Impl>(model.impl(), samples_per_epoch));
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory for the hash tables or step buffers; use fewer tables or a smaller batch");
  }
}

Result<EpochReport> Trainer::train_epoch(const DatasetView& data, const std::function<bool(const Progress&)>& on_progress) {
  try {
    return impl_->train_epoch(data, on_progress);
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
