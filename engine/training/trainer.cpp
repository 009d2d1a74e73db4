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

#include <glissade/data_profile.h>
#include <glissade/label_names.h>
#include <glissade/options.h>

#include "engine/batches/checked_data.h"
#include "engine/batches/checked_vectors.h"
#include "engine/batches/sample_order.h"
#include "engine/config/proposing_paths.h"
#include "engine/inference/code_rows.h"
#include "engine/model/access.h"
#include "engine/model/sections.h"
#include "engine/model/weights_digest.h"
#include "engine/progress/stopwatch.h"
#include "engine/relations/kept_together.h"
#include "engine/training/arena.h"
#include "engine/training/averaging.h"
#include "engine/training/centroid_start.h"
#include "engine/training/correction.h"
#include "engine/training/label_blocks.h"
#include "engine/training/learning_rate.h"
#include "engine/training/pass_reader.h"
#include "engine/training/pass_report.h"
#include "engine/training/ranker_fit.h"
#include "engine/training/remaining_time.h"
#include "engine/training/similar_samples.h"
#include "engine/training/soundness.h"
#include "engine/training/step.h"
#include "engine/training/stream.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kOrderStream = 21;
constexpr double kProgressSeconds = 0.2;

Error out_of_memory() { return runtime_error("out of memory in a matrix product; use a smaller batch"); }

}  // namespace

class Trainer::Impl {
 public:
  Impl(Model::Impl& model, std::uint64_t samples_per_epoch, const StreamOptions* stream, Communicator* ranks,
       const Sharing& sharing)
      : model_(model), samples_per_epoch_(samples_per_epoch), ranks_(ranks), arena_(arena_threads(model.config.run.threads)) {
    schedule(samples_per_epoch);
    if (stream != nullptr) stream_ = *stream;
    stream_begin_ = model.step;
    arena_.execute([&] { step_ = std::make_unique<TrainingStep>(model, ranks, sharing); });
  }

  Result<EpochReport> train_epoch(const DatasetView& data, const PassCallbacks& callbacks);
  Result<StepReport> train_step(const DatasetView& batch);
  Result<std::vector<CommunicationCounts>> compare_ranks();
  void read_through(const RowPager* pager) noexcept {
    pager_ = pager;
    checked_.forget();
  }
  void know_labels(const NameFeatures* words) noexcept { label_words_ = words; }

 private:
  /// What happens in a call of train_epoch().
  struct Call {
    const PassCallbacks& callbacks;
    PhaseSeconds& phases;
    WorkMonitor& monitor;
    RemainingTime remaining = {};
    Stopwatch watch = {};
  };
  std::optional<Error> check_known(const DatasetView& data) const;
  std::optional<Error> find_siblings(const DatasetView& data);
  std::optional<Error> begin_pass(const DatasetView& data, Call& call);
  std::optional<Error> build_paths(const DatasetView& data, std::span<const std::uint32_t> trained, Call& call);
  std::optional<Error> resume_pass(const DatasetView& data, PhaseSeconds& phases);
  std::optional<Error> finish_pass(const DatasetView& data, Call& call);
  std::optional<Error> run_steps(const DatasetView& data, Call& call);
  std::optional<Error> run_pass(const DatasetView& data, Call& call);
  bool shared() const noexcept { return step_->is_shared(); }
  bool report(Call& call, Activity activity, double share);
  std::optional<Error> train_rows(const DatasetView& data, std::span<const std::uint32_t> rows,
                                  std::span<const std::uint32_t> next, PassSums& sums, PhaseSeconds& phases);
  std::uint64_t order_seed() const noexcept {
    return hashing::derive(model_.config.run.seed, kOrderStream, model_.epochs_done + 1);
  }
  void learn_weighting(const DatasetView& data);
  void count_labels(const DatasetView& data);
  void count_more_labels(const DatasetView& batch);
  double rate_of(std::uint64_t step) const noexcept;
  std::vector<ParameterRows*> blocks();
  void end_with_average();
  void choose_order(const DatasetView& data);
  void schedule(std::uint64_t samples_per_epoch) noexcept;

  Model::Impl& model_;
  std::uint64_t samples_per_epoch_;  ///< those that are kept out of training, too
  Communicator* ranks_;              ///< null: this process alone
  tbb::task_arena arena_;
  std::uint64_t total_steps_ = 0;
  std::uint64_t call_steps_ = 0;  ///< of the call of train_epoch() at work
  std::unique_ptr<TrainingStep> step_;
  const RowPager* pager_ = nullptr;
  const NameFeatures* label_words_ = nullptr;  ///< instead of words of the model's names
  CheckedData checked_;
  std::vector<std::uint64_t> together_;  ///< see kept_together()
  std::uint64_t together_of_ = 0;        ///< the data and groups that this is known of
  std::optional<StreamOptions> stream_;
  std::uint64_t stream_begin_ = 0;    ///< the model's step when this trainer was made
  std::uint64_t labels_counted_ = 0;  ///< by train_step(), since draws and weights followed the counts
};

/// The passes of a model are all over the same rows: orders, kept samples and neighbours are numbers of rows.
std::optional<Error> Trainer::Impl::check_known(const DatasetView& data) const {
  constexpr const char* kRemedy = "give the data that its training began with, or start a new run from this model";
  if (model_.data_fingerprint != 0 && model_.data_fingerprint != checked_.fingerprint()) {
    return runtime_error(fmt::format("the model was trained on other data ({} rows) than these ({} rows); {}",
                                     model_.training_samples, data.size(), kRemedy));
  }
  const std::size_t kept = model_.paths.neighbours.samples.rows();  // files from before 0.2 have no fingerprint
  const std::size_t own = model_.owners().count(data.size());
  if (kept != 0 && kept != own)
    return runtime_error(fmt::format("the model keeps {} training rows, these are {}; {}", kept, own, kRemedy));
  return std::nullopt;
}

/// Which rows are kept together where some are kept to weigh the paths by. Known once for the same data.
std::optional<Error> Trainer::Impl::find_siblings(const DatasetView& data) {
  if (!data.groups.empty() && data.groups.size() != data.size()) {
    return runtime_error(
        fmt::format("the data set has {} rows but {} group numbers; give one per row, or none", data.size(), data.groups.size()));
  }
  if (!uses_sparse_paths(model_.config)) return std::nullopt;
  if (const std::uint64_t key = checked_.fingerprint() ^ hashing::mix(fingerprint_of(data.groups)); key != together_of_) {
    together_ = kept_together(model_.config, data, model_.own_labels());
    together_of_ = key;
  }
  const std::uint64_t known = fingerprint_of(together_);
  if (model_.sibling_fingerprint.value_or(known) != known)
    return runtime_error(
        "the model was trained with other groups of sibling rows than these; give the groups that its training began with");
  model_.sibling_fingerprint = known;
  return std::nullopt;
}

void Trainer::Impl::count_labels(const DatasetView& data) {
  const std::size_t samples = data.size() - data.added;
  model_.label_counts.assign(model_.shape.labels, 0);
  for (std::size_t row = 0; row < samples; ++row) {
    for (const std::uint32_t label : data.labels.row_ids(row)) ++model_.label_counts[label];
  }
  model_.training_samples = samples;
}

/// Sets the steps of the whole training, from the samples that an epoch trains on.
void Trainer::Impl::schedule(std::uint64_t samples_per_epoch) noexcept {
  const std::uint64_t step_samples = model_.config.training.step_samples();
  total_steps_ = (samples_per_epoch + step_samples - 1) / step_samples * model_.config.training.epochs;
}

/// Before the first step of all, the data choose the weighting if nobody did, and give it its factors.
void Trainer::Impl::learn_weighting(const DatasetView& data) {
  if (model_.config.network.weighting == FeatureWeighting::automatic)
    model_.set_weighting(choose_weighting(profile(data, pager_)).weighting);
  if (model_.step == 0) model_.transform.learn(data, pager_);
}

/// As far as it follows from the seed and the data alone.
void Trainer::Impl::choose_order(const DatasetView& data) {
  std::vector<std::uint32_t>& order = model_.pass.order;
  const Config::Training& training = model_.config.training;
  shuffle_in_blocks(order, data.size(), training.shuffle_block, order_seed());
  if (uses_sparse_paths(model_.config))
    std::erase_if(order, [&](std::uint32_t row) { return is_kept_for_ranking(model_.config, data, together_, row); });
  if (training.parts > 1)
    deal_to_parts(order, training.shuffle_block, training.step_samples(), training.part_samples(), order_seed());
}

/// If the monitor stops it, nothing of the pass is kept.
std::optional<Error> Trainer::Impl::begin_pass(const DatasetView& data, Call& call) {
  model_.pass = {};
  model_.pass.data_rows = data.size();
  count_labels(data);
  learn_weighting(data);
  {
    const PhaseWatch watch(call.phases, Phase::gather);
    choose_order(data);
    if (model_.config.training.batches == BatchKind::similar)
      group_similar(model_.pass.order, model_.network, data, model_.config.training.piece_samples(), order_seed(), call.monitor,
                    &model_.transform);
  }
  if (call.monitor.stopped()) return std::nullopt;
  std::vector<std::uint32_t> trained = model_.pass.order;
  std::ranges::sort(trained);
  if (model_.step == 0) {
    const PhaseWatch start(call.phases, Phase::input_forward);
    const bool centroids = model_.config.network.start == Start::centroids;
    const auto set_means = [&] {
      return start_from_centroids(model_.network, data, trained, model_.config.training.piece_samples(),
                                  model_.config.network.start_length, model_.taken_labels, call.monitor, &model_.transform,
                                  step_->row_sharing() != nullptr ? &step_->row_sharing()->inputs() : nullptr);
    };
    if (centroids && !set_means()) return out_of_memory();
    if (!share_connections(model_.network.output, centroids, set_means, call.monitor)) return out_of_memory();
  }
  if (auto error = build_paths(data, trained, call)) return error;
  if (!call.monitor.stopped()) call.phases[Phase::rehash] = step_->begin_epoch(model_.pass.order.size());
  return std::nullopt;
}

std::optional<Error> Trainer::Impl::build_paths(const DatasetView& data, std::span<const std::uint32_t> trained, Call& call) {
  if (!uses_sparse_paths(model_.config) || !model_.paths.empty() || call.monitor.stopped()) return std::nullopt;
  const PhaseWatch building(call.phases, Phase::sparse_paths);
  // The paths keep what they take of the samples, so that a copy of the values lives no longer than their making.
  DatasetView weighted = data;
  const Array<float> values = model_.transform.is_identity() ? Array<float>() : model_.transform.applied(data, pager_);
  if (!values.empty()) weighted.features.values = {values.data(), values.size()};
  const bool matches = model_.config.candidates.name_match;
  const bool named = matches && label_words_ == nullptr && !model_.label_names.empty() && !model_.feature_names.empty();
  const NameFeatures names = named ? name_features(model_.label_names, model_.feature_names) : NameFeatures{};
  const NameFeatures* const words = named ? &names : matches ? label_words_ : nullptr;
  RowSharing* const sharing = step_->row_sharing();
  SharedWork work(sharing != nullptr ? nullptr : ranks_);
  RankedPaths paths = glissade::build_paths(model_.config, weighted, trained, call.monitor, words, work,
                                            sharing != nullptr ? &sharing->rows() : nullptr);
  if (work.error()) return work.error();
  if (sharing != nullptr && sharing->error()) return sharing->error();
  if (call.monitor.stopped()) return std::nullopt;
  if (auto error = paths.not_finite()) return error;
  model_.set_paths(std::move(paths));
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
  if (model_.step < total_steps_) return;
  for (ParameterRows* rows : blocks()) rows->end_whole();
  if (model_.average.empty()) return;
  model_.average.move_to(blocks());
  step_->begin_epoch(model_.pass.order.size());  // the tables were over other rows
}

/// Stopped by the monitor, the pass stays open with all of its samples done.
std::optional<Error> Trainer::Impl::finish_pass(const DatasetView& data, Call& call) {
  end_with_average();
  if (auto error = defect_of_weights(model_)) return error;
  if (!model_.paths.empty()) {
    const PhaseWatch weighing(call.phases, Phase::sparse_paths);
    if (auto error = fit_rankers(model_, data, together_, model_.epochs_done + 1 >= model_.config.training.epochs, call.monitor))
      return error;
    if (auto error = model_.paths.not_finite()) return error;
  }
  if (model_.shards && model_.epochs_done + 1 >= model_.config.training.epochs) {
    const PhaseWatch coding(call.phases, Phase::search_codes);
    if (auto error = keep_queries(model_, data.inputs(), step_->row_sharing()->inputs())) return error;
    if (step_->row_sharing()->error()) return step_->row_sharing()->error();
  }
  if (!model_.shards && !call.monitor.stopped() && model_.epochs_done + 1 >= model_.config.training.epochs) {
    const PhaseWatch coding(call.phases, Phase::search_codes);
    if (auto error = code_output_rows(model_, data.inputs(), call.monitor)) return error;
  }
  if (!call.monitor.stopped()) ++model_.epochs_done;
  return std::nullopt;
}

std::optional<Error> Trainer::Impl::train_rows(const DatasetView& data, std::span<const std::uint32_t> rows,
                                               std::span<const std::uint32_t> next, PassSums& sums, PhaseSeconds& phases) {
  const std::uint64_t step = model_.step + 1;
  const bool rising = static_cast<double>(step) <= model_.config.schedule.warmup * static_cast<double>(total_steps_);
  const TrainingStep::Report report =
      step_->run(data, {rows, next, rate_of(step), correction_strength(model_.config, step, total_steps_), rising || next.empty(),
                        total_steps_ == 0 ? 1.0 : static_cast<double>(step) / static_cast<double>(total_steps_)});
  ++call_steps_;
  if (report.error) return report.error;
  if (!report.ok) return out_of_memory();
  add(sums, report, rows.size());
  phases += report.phases;
  if (std::isfinite(report.output.loss)) return std::nullopt;
  return not_finite(model_, data, rows);
}

double Trainer::Impl::rate_of(std::uint64_t step) const noexcept {
  if (stream_) return stream_rate(*stream_, model_.config.optimizer.learning_rate, step, stream_begin_);
  return learning_rate(model_.config, step, total_steps_);
}

/// Tells the callback; false if it wants the call to end. Where ranks share the steps, all must agree on that, in a step.
bool Trainer::Impl::report(Call& call, Activity activity, double share) {
  if (!call.callbacks.on_progress) return true;
  const Pass& pass = model_.pass;
  call.remaining.observe(activity, share, call.watch.seconds());
  Progress progress = progress_of(pass.sums, model_.epochs_done + 1, pass.order.size(), model_.shape.labels);
  progress.activity = activity;
  progress.activity_share = share;
  progress.seconds_left = call.remaining.seconds_left();
  const bool goes_on = call.callbacks.on_progress(progress);
  if (!shared() || goes_on) return goes_on;
  step_->stop_wish().own = true;
  return true;
}

/// The steps that the pass still has to go, or as many as the callbacks want.
std::optional<Error> Trainer::Impl::run_steps(const DatasetView& data, Call& call) {
  Pass& pass = model_.pass;
  const Stopwatch watch;
  const double before = pass.sums.seconds;
  double next_progress = kProgressSeconds;
  const auto batch_at = [&](std::size_t first) {
    const std::span<const std::uint32_t> rest = std::span(pass.order).subspan(std::min(first, pass.order.size()));
    return rest.first(std::min<std::size_t>(model_.config.training.step_samples(), rest.size()));
  };
  const auto done_share = [&] {
    return static_cast<double>(pass.done) / static_cast<double>(std::max<std::size_t>(1, pass.order.size()));
  };
  const auto reader = pass_reader(model_, pager_, data.size(), *step_);
  if (pass.done < pass.order.size()) call.remaining.observe(Activity::steps, done_share(), call.watch.seconds());
  while (pass.done < pass.order.size()) {
    if (reader) {
      const PhaseWatch waiting(call.phases, Phase::gather);
      reader->advance(pass.done, std::min<std::size_t>(pass.order.size(), pass.done + 2 * model_.config.training.step_samples()));
    }
    const auto batch = batch_at(pass.done);
    if (auto error = train_rows(data, batch, batch_at(pass.done + batch.size()), pass.sums, call.phases)) return error;
    pass.done += batch.size();
    if (is_averaged(model_.config, model_.step, total_steps_)) {
      const PhaseWatch averaging(call.phases, Phase::output_update);
      model_.average.add(blocks());
    }
    const double seconds = watch.seconds();
    pass.sums.seconds = before + seconds;
    bool goes_on = !shared() || !step_->stop_wish().is_agreed;
    if (call.callbacks.after_step && !call.callbacks.after_step()) {
      if (shared()) {
        step_->stop_wish().own = true;
      } else {
        goes_on = false;
      }
    }
    if (call.callbacks.on_progress && seconds >= next_progress) {
      next_progress = seconds + kProgressSeconds;
      goes_on &= report(call, Activity::steps, done_share());
    }
    if (!goes_on) break;
  }
  return std::nullopt;
}

std::optional<Error> Trainer::Impl::run_pass(const DatasetView& data, Call& call) {
  Pass& pass = model_.pass;
  const bool begins = pass.done == 0;
  const double share = begins ? 0 : static_cast<double>(pass.done) / static_cast<double>(std::max<std::uint64_t>(1, data.size()));
  call.remaining = RemainingTime(model_.config, data, arena_.max_concurrency(), model_.epochs_done, share);
  if (auto error = begins ? begin_pass(data, call) : resume_pass(data, call.phases)) return error;
  if (call.monitor.stopped()) {
    pass = {};
    return std::nullopt;
  }
  model_.data_fingerprint = checked_.fingerprint();
  const std::size_t kept = data.size() - pass.order.size();
  schedule(samples_per_epoch_ - std::min<std::uint64_t>(kept, samples_per_epoch_));
  if (pager_ != nullptr) pager_->release(0, data.size());  // what counting labels and building paths has read
  const double before = pass.sums.seconds;
  pass.sums.seconds += call.watch.seconds();
  if (auto error = run_steps(data, call)) return error;
  if (pass.done == pass.order.size()) {
    if (auto error = finish_pass(data, call)) return error;
  }
  pass.sums.seconds = before + call.watch.seconds();
  return std::nullopt;
}

/// What each rank has sent and waited since the last call, if all have the same weights. Collective.
Result<std::vector<CommunicationCounts>> Trainer::Impl::compare_ranks() {
  struct Said {
    std::uint64_t weights;
    CommunicationCounts counts;
  } said{0, ranks_->take_counts()};
  arena_.execute([&] { said.weights = weights_digest(model_.network); });
  std::vector<Said> all(static_cast<std::size_t>(ranks_->size()));
  const std::vector<std::size_t> bytes(all.size(), sizeof said);
  if (auto done = ranks_->all_gather_v(std::as_bytes(std::span(&said, 1)), bytes, std::as_writable_bytes(std::span(all))); !done)
    return done.error();
  std::vector<CommunicationCounts> counts;
  for (const Said& one : all) {
    if (one.weights != all[0].weights && step_->row_sharing() == nullptr) {
      return runtime_error(fmt::format(
          "rank {} has other weights than rank 0 at step {}; give all ranks the same model file and the same build of "
          "Glissade and its libraries, and check the memory of that machine",
          counts.size(), model_.step));
    }
    counts.push_back(one.counts);
  }
  return counts;
}

Result<EpochReport> Trainer::Impl::train_epoch(const DatasetView& data, const PassCallbacks& callbacks) {
  const std::uint32_t epoch = model_.epochs_done + 1;
  call_steps_ = 0;
  PhaseSeconds phases;
  std::optional<Error> error;
  Call* at_work = nullptr;
  WorkMonitor::Report tell;
  if (callbacks.on_progress) tell = [&](Activity activity, double share) { return report(*at_work, activity, share); };
  WorkMonitor monitor(std::move(tell));
  Call call{callbacks, phases, monitor};
  at_work = &call;
  arena_.execute([&] {
    error = checked_.check(data, model_.shape, pager_);
    if (!error) error = check_known(data);
    if (!error) error = find_siblings(data);
    if (!error) error = run_pass(fitted(data, model_.shape.features, model_.shape.labels), call);
  });
  if (error) return *error;
  EpochReport report = report_of(model_.pass.sums, epoch, phases, model_.shape);
  if (shared()) {
    auto counts = compare_ranks();
    if (!counts) return counts.error();
    report.ranks = std::move(*counts);
    report.call_steps = call_steps_;
  }
  if (model_.epochs_done == epoch) model_.pass = {};
  return report;
}

/// A new label must be able to be drawn soon, and each step costs little: so draws follow the counts when these have grown by a
/// tenth.
void Trainer::Impl::count_more_labels(const DatasetView& batch) {
  constexpr std::uint64_t kTenth = 10;
  if (model_.label_counts.empty()) model_.label_counts.assign(model_.shape.labels, 0);
  for (std::size_t row = 0; row < batch.size(); ++row) {
    for (const std::uint32_t label : batch.labels.row_ids(row)) ++model_.label_counts[label];
  }
  model_.training_samples += batch.size();
  labels_counted_ += batch.size();
  if (labels_counted_ * kTenth < model_.training_samples) return;
  labels_counted_ = 0;
  step_->follow_counts();
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
    if (auto fit = check_vectors(batch.vectors, batch.size(), model_.shape.vector_width); !fit) {
      error = fit.error();
      return;
    }
    if (auto fit = check_weights(batch.weights, batch.size()); !fit) {
      error = fit.error();
      return;
    }
    if (batch.size() == 0) return;
    if (auto known = check_weighting(model_); !known) {
      error = known.error();
      return;
    }
    const DatasetView known = fitted(batch, model_.shape.features, model_.shape.labels);
    std::vector<std::uint32_t> all(batch.size());
    std::iota(all.begin(), all.end(), 0u);
    count_more_labels(known);
    error = train_rows(known, all, {}, sums, phases);
  });
  if (error) return *error;
  return StepReport{sums.samples == 0 ? 0.0 : sums.loss / static_cast<double>(sums.samples), sums.rows_touched};
}

namespace {

Result<void> check_trainable(const Model& model) {
  if (!model.trainable()) return usage_error("this model was loaded for inference; load it for training");
  if (model.config().network.loss == LossKind::ns) {
    return usage_error("option 'loss': 'ns' is out of place, the data are no running text; use softmax or bce");
  }
  return {};
}

}  // namespace

Trainer::Trainer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

Result<Trainer> Trainer::create(Model& model, std::uint64_t samples_per_epoch) {
  if (auto fit = check_trainable(model); !fit) return fit.error();
  if (model.is_shard()) return usage_error("a shard is trained among its ranks: use Trainer::create_among");
  if (samples_per_epoch == 0) {
    return usage_error(
        "Trainer::create wants the samples of an epoch, at least 1, for its schedules; use Trainer::for_stream to learn from a "
        "stream");
  }
  return make(model, samples_per_epoch, nullptr);
}

Result<Trainer> Trainer::create_among(Communicator& ranks, Model& model, std::uint64_t samples_per_epoch,
                                      const Sharing& sharing) {
  if (auto fit = check_trainable(model); !fit) return fit.error();
  if (samples_per_epoch == 0)
    return usage_error("Trainer::create_among wants the samples of an epoch, at least 1, for its schedules");
  const Config::Training& training = model.config().training;
  if (const std::uint64_t parts = training.pieces_of_step() * training.parts;
      sharing.distribution == Distribution::data && parts < static_cast<std::uint64_t>(ranks.size())) {
    return usage_error(fmt::format(
        "option 'parts': the {} parts of a step (accumulate {}, parts {}) are too few for {} ranks; start no more ranks "
        "than that, or give a new run more parts",
        parts, training.accumulate, training.parts, ranks.size()));
  }
  if (!(sharing.share > 0 && sharing.share <= 1))
    return usage_error(fmt::format("Sharing::share: {} is out of range; allowed: above 0, up to 1", sharing.share));
  if (sharing.distribution == Distribution::labels) {
    if (auto fit = check_labels_distributable(model.config()); !fit) return fit.error();
    if (model.is_shard() == ranks.is_alone())
      return usage_error("Distribution::labels wants a shard; make or load the model by create_shard() or load_shard()");
  } else if (model.is_shard()) {
    return usage_error("a shard has rows of its own alone; use Distribution::labels, or load the model whole");
  }
  auto trainer = make(model, samples_per_epoch, nullptr, &ranks, sharing);
  if (!trainer || ranks.is_alone()) return trainer;
  if (const auto same = trainer->impl_->compare_ranks(); !same) return same.error();
  return trainer;
}

Result<Trainer> Trainer::for_stream(Model& model, const StreamOptions& options) {
  if (auto fit = check_trainable(model); !fit) return fit.error();
  if (auto whole = impl_of(model).check_whole("a stream"); !whole) return whole.error();
  if (auto fit = check_stream(impl_of(model), options); !fit) return fit.error();
  return make(model, 0, &options);
}

Result<Trainer> Trainer::make(Model& model, std::uint64_t samples_per_epoch, const StreamOptions* stream, Communicator* ranks,
                              const Sharing& sharing) {
  try {
    return Trainer(std::make_unique<Impl>(impl_of(model), samples_per_epoch, stream, ranks, sharing));
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

void Trainer::know_labels(const NameFeatures* words) noexcept { impl_->know_labels(words); }

Result<StepReport> Trainer::train_step(const DatasetView& batch) {
  try {
    return impl_->train_step(batch);
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while training; use a smaller batch or fewer active rows");
  }
}

}  // namespace glissade
