#include "apps/training/run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <glissade/metrics.h>
#include <glissade/model_shards.h>
#include <glissade/runtime.h>

#include "apps/console/interrupt.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string metrics_text(const Metrics& m) {
  return fmt::format("P@1/3/5 {} / {} / {}", percent(m.precision[0]), percent(m.precision[1]), percent(m.precision[2]));
}

/// What a step of rank 0 costs beside the computation, and which rank the others wait for, if one does.
std::string ranks_text(const EpochReport& report) {
  if (report.ranks.empty() || report.call_steps == 0) return "";
  const auto waited = [](const CommunicationCounts& a, const CommunicationCounts& b) {
    return a.seconds_waited < b.seconds_waited;
  };
  const auto [least, most] = std::minmax_element(report.ranks.begin(), report.ranks.end(), waited);
  std::string text = fmt::format(", {} ranks, {} sent a step, {} of waiting", report.ranks.size(),
                                 system::bytes_text(report.ranks[0].bytes_sent / report.call_steps),
                                 duration_text(report.ranks[0].seconds_waited));
  // All wait for what travels; who waits less is late.
  if (most->seconds_waited - least->seconds_waited > 0.2 * report.train_seconds)
    text += fmt::format(", rank {} is slow: others waited {} longer", least - report.ranks.begin(),
                        duration_text(most->seconds_waited - least->seconds_waited));
  return text;
}

std::string rows_text(const Evaluation& evaluation) { return fmt::format(" on {} rows", grouped(evaluation.metrics.samples)); }

bool interrupted() noexcept { return InterruptGuard::signal() != 0; }

}  // namespace

TrainingRun::TrainingRun(Model& model, EpochPass pass, const EvaluationData& data, const RunSettings& settings, EventLog& log)
    : model_(model),
      pass_(std::move(pass)),
      data_(data),
      settings_(settings),
      log_(log),
      progress_(model.config().training.epochs, settings.quiet),
      checkpoints_(model, settings.model_path, settings.checkpoints,
                   {[this](const CheckpointReport& report) { log_checkpoint(report); },
                    [this](const std::string& message) {
                      progress_.clear();
                      complain(message);
                    }}),
      notes_(settings.notes),
      epoch_end_step_(model.step()) {
  if (data.validation) {
    // What chooses an epoch compares all of them on all rows.
    const EvaluationSize size = settings.monitor.metric.empty() ? settings.evaluation_size : EvaluationSize{EvaluationSize::kAll};
    rows_.emplace(*data.validation, settings.validation_pager, size);
  }
  if (settings.state_is_saved) checkpoints_.begins_with(settings.resumed_from);
}

Result<int> TrainingRun::run() {
  InterruptGuard::keep_what_is_trained();
  const auto begun = begin();
  if (!begun) return begun.error();
  if (!*begun) return stop_now();
  idle_ = epochs_.empty() && (last() || stopped_early_);
  if (idle_) report_nothing_to_do();
  while (!stopped_early_ && !last()) {
    const auto finished = run_epoch();
    if (!finished) return runtime_error(finished.error().message + what_is_left());
    if (!*finished) return stop_now();
  }
  const auto finished = finish();
  if (!finished) return finished.error();
  if (!*finished) {
    complain(fmt::format("interrupted; {} holds the result of all epochs, which was not evaluated",
                         datasets::quoted(settings_.model_path)));
    return InterruptGuard::exit_status();
  }
  report_done();
  return 0;
}

/// False if a signal stopped it.
Result<bool> TrainingRun::begin() {
  auto early_stop = EarlyStop::create(settings_.monitor);
  if (!early_stop) return early_stop.error();
  early_stop_ = std::move(*early_stop);
  early_stop_->recall(notes_.watch);
  stopped_early_ = early_stop_->should_stop();
  note_state();
  if (!notes_.unevaluated) return true;
  EpochEvent event;
  event.report = *notes_.unevaluated;
  auto concluded = conclude_epoch(std::move(event));
  if (!concluded) return runtime_error(concluded.error().message + what_is_left());
  return concluded;
}

void TrainingRun::note_state() {
  notes_.watch = early_stop_->state();
  model_.set_run_notes(notes_.json());
}

/// Called by the trainer, whatever it is busy with. False: stop.
bool TrainingRun::show(const Progress& progress) {
  activity_ = progress.activity;
  training_left_ = progress.seconds_left;
  Progress whole = progress;
  if (whole.seconds_left >= 0) whole.seconds_left += evaluation_seconds_left();
  progress_.show(whole);
  if (log_.active() && samples_.due()) log_.write(samples_.take(progress));
  return !interrupted();
}

void TrainingRun::show_evaluation(EvaluationProgress progress) {
  if (progress.done > 0 && training_left_ >= 0) {
    const double whole = progress.seconds * static_cast<double>(progress.total) / static_cast<double>(progress.done);
    progress.seconds_left = training_left_ + whole - progress.seconds + evaluation_seconds_left();
  }
  progress_.show_evaluation(progress);
  if (log_.active() && samples_.due()) log_.write(samples_.take(progress));
}

/// False if a signal stopped it.
Result<bool> TrainingRun::run_epoch() {
  const PassCallbacks callbacks{[&](const Progress& progress) { return show(progress); },
                                [&] {
                                  if (!interrupted()) checkpoints_.after_step();
                                  return !interrupted() && !checkpoints_.is_due();
                                }};
  const std::uint32_t before = model_.epochs_done();
  auto trained = pass_(callbacks);
  while (trained && model_.epochs_done() == before && !interrupted()) {
    checkpoints_.save_step();
    trained = pass_(callbacks);
  }
  progress_.clear();
  if (!trained) return trained.error();
  if (model_.epochs_done() == before) return false;
  epoch_end_step_ = model_.step();
  EpochEvent event;
  event.report = *trained;
  event.checkpoint_pause_seconds = checkpoints_.take_longest_pause();
  return conclude_epoch(std::move(event));
}

/// Evaluates, saves and reports an epoch that was trained. False if a signal says to stop here.
Result<bool> TrainingRun::conclude_epoch(EpochEvent event) {
  notes_.unevaluated.reset();
  // With early stopping the file depends on the evaluation; without, it need not wait for it.
  if (early_stop_->needs_evaluation()) {
    const auto evaluated = evaluate_epoch(event);
    if (!evaluated) return evaluated.error();
    if (!*evaluated) {  // the resumed run evaluates it first
      notes_.unevaluated = event.report;
      note_state();
      return false;
    }
  }
  const bool best = early_stop_->take(event.report, event.evaluation);
  note_state();
  const auto saved = save_epoch(best, last());
  if (!saved) return saved.error();
  event.save_seconds = *saved;
  bool whole = true;
  if (!early_stop_->needs_evaluation()) {
    const auto evaluated = evaluate_epoch(event);
    if (!evaluated) return evaluated.error();
    whole = *evaluated;
  }
  event.peak_rss_mib = peak_memory_mib();
  log_.write(epoch_json(event));
  report(event);
  epochs_.push_back(event);
  stopped_early_ = early_stop_->should_stop() && !last();
  return (whole && (last() || stopped_early_)) || !interrupted();
}

/// Of epochs that are not trained yet.
double TrainingRun::evaluation_seconds_left() const noexcept {
  const std::uint32_t done = model_.epochs_done(), all = model_.config().training.epochs;
  if (!rows_ || done >= all) return 0;
  const std::uint32_t before_last = (all - 1) / settings_.eval_every - done / settings_.eval_every;
  return rows_->seconds() * before_last + rows_->seconds_of_all();
}

/// Nothing if a signal stopped it.
Result<std::optional<Evaluation>> TrainingRun::evaluate_on(const Model& model, const DatasetView& data, const RowPager* pager) {
  EvaluateOptions options;
  options.pager = pager;
  if (early_stop_->on()) options.search = Search::exact;  // epochs are compared, and only the last one has codes
  const auto start = std::chrono::steady_clock::now();
  options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    show_evaluation({model_.epochs_done(), done, total, seconds_since(start)});
    return !interrupted();
  };
  const bool by_ranks = data_.evaluate && &model == &model_;
  auto evaluation = by_ranks ? data_.evaluate(data, options) : evaluate(model, data, options);
  progress_.clear();
  if (interrupted()) return std::optional<Evaluation>();
  if (!evaluation) return evaluation.error();
  return std::optional(std::move(*evaluation));
}

/// False if a signal stopped it.
Result<bool> TrainingRun::evaluate_epoch(EpochEvent& event) {
  const bool due = last() || model_.epochs_done() % settings_.eval_every == 0;
  if (!rows_ || !due) return true;
  const auto evaluate = [this](const DatasetView& data, const RowPager* pager) { return evaluate_on(model_, data, pager); };
  auto evaluation =
      last() ? evaluate(*data_.validation, settings_.validation_pager) : rows_->evaluate(event.report.train_seconds, evaluate);
  if (!evaluation) return evaluation.error();
  event.on_all_rows = last() || rows_->are_all();
  event.evaluation = std::move(*evaluation);
  return event.evaluation.has_value();
}

/// Seconds for which training waited. The last epoch's file is written before anything else happens, and must succeed.
Result<double> TrainingRun::save_epoch(bool best, bool last) {
  const auto start = std::chrono::steady_clock::now();
  const bool stopping = interrupted();
  if (early_stop_->on() && !best) {
    if (!last) checkpoints_.save_pass_end(stopping);
  } else if (!last) {
    checkpoints_.save_model(best || stopping);
  } else if (auto written = checkpoints_.save_last(!settings_.slim); !written) {
    return written.error();
  }
  checkpoints_.take_longest_pause();
  return seconds_since(start);
}

/// False if a signal stopped the evaluation of the result.
Result<bool> TrainingRun::finish() {
  if (!checkpoints_.model_saved()) {
    return runtime_error(fmt::format("the best model, of epoch {}, could not be written to {}", early_stop_->best_epoch(),
                                     datasets::quoted(settings_.model_path)));
  }
  const bool result_in_memory = !early_stop_->on() || early_stop_->best_epoch() == model_.epochs_done();
  std::optional<Model> result;
  if (!result_in_memory && (data_.test || settings_.slim)) {
    auto loaded = Model::load(settings_.model_path);
    if (!loaded) return loaded.error();
    result = std::move(*loaded);
    if (settings_.slim && !idle_) {
      if (auto written = result->save(settings_.model_path, false); !written) return written.error();
    }
  }
  if (!idle_) checkpoints_.finish();
  if (!data_.test) return true;
  auto evaluation = evaluate_on(result ? *result : model_, *data_.test, nullptr);
  if (!evaluation) return evaluation.error();
  test_evaluation_ = std::move(*evaluation);
  return test_evaluation_.has_value();
}

/// After a signal: saves what was trained, unless a file has it. Returns the sentence for the user.
Result<std::string> TrainingRun::keep_state() {
  const bool within = model_.pass_done() > 0;
  // A running text has no states within a pass: what was trained since its begin cannot be gone on from.
  const bool can_be_saved = within || (model_.epochs_done() > 0 && model_.step() == epoch_end_step_);
  auto saved = checkpoints_.last_saved();
  if (can_be_saved && (!saved || saved->step != model_.step() || saved->epochs != model_.epochs_done() || notes_.unevaluated)) {
    if (const auto path = checkpoints_.save_now(); !path) return path.error();
    saved = checkpoints_.last_saved();
  }
  if (!saved) return fmt::format("interrupted while {}; {}", name_of(activity_), settings_.nothing_yet);
  if (within) {
    return fmt::format("interrupted; {} holds step {}, {} samples into epoch {}; go on with --resume",
                       datasets::quoted(saved->path), model_.step(), grouped(model_.pass_done()), model_.epochs_done() + 1);
  }
  return fmt::format("interrupted; {} holds the end of epoch {}, go on with --resume", datasets::quoted(saved->path),
                     saved->epochs);
}

Result<int> TrainingRun::stop_now() {
  const auto kept = keep_state();
  if (!kept) return runtime_error("interrupted, and " + kept.error().message + what_is_left());
  complain(*kept);
  return InterruptGuard::exit_status();
}

/// For a message that ends a run.
std::string TrainingRun::what_is_left() {
  const auto saved = checkpoints_.last_saved();
  return saved ? fmt::format(" ({} is the last state that was saved)", datasets::quoted(saved->path)) : "";
}

void TrainingRun::log_checkpoint(const CheckpointReport& report) {
  if (report.path != settings_.model_path) log_.write(checkpoint_json(report));
}

void TrainingRun::report(const EpochEvent& event) const {
  if (settings_.quiet) return;
  const EpochReport& r = event.report;
  std::string line = fmt::format("epoch {}/{} done in {}, {} samples/s, loss {:.4f}, active {} %", r.epoch,
                                 model_.config().training.epochs, duration_text(r.train_seconds),
                                 grouped(static_cast<std::uint64_t>(r.samples_per_second)), r.loss, percent(r.active_share));
  if (r.phases[Phase::rehash] > 0) line += fmt::format(", re-hashing {}", duration_text(r.phases[Phase::rehash]));
  line += ranks_text(r);
  if (event.evaluation)
    line += fmt::format(", {}{} (in {})", metrics_text(event.evaluation->metrics),
                        event.on_all_rows ? "" : rows_text(*event.evaluation), duration_text(event.evaluation->seconds));
  note(line);
}

/// A finished run that is asked to go on.
void TrainingRun::report_nothing_to_do() const {
  if (settings_.quiet) return;
  const std::string path = datasets::quoted(settings_.resumed_from);
  if (stopped_early_) {
    note(fmt::format(
        "{} stopped early: no better {} for {} evaluations, epoch {} is the best; a higher --patience goes on, --from "
        "starts a new run from it",
        path, early_stop_->settings().metric, early_stop_->state().since_best, early_stop_->best_epoch()));
  } else {
    note(fmt::format(
        "{} is finished, all of its {} epochs are trained; --resume with more --epochs goes on, --from starts a new run "
        "from it",
        path, model_.config().training.epochs));
  }
}

void TrainingRun::report_done() {
  DoneEvent done;
  done.epochs = std::move(epochs_);
  done.test = test_evaluation_;
  done.stopped_early = stopped_early_;
  done.total_seconds = seconds_since(settings_.started);
  done.model_path = settings_.model_path;
  done.model_bytes = bytes_with_shards(settings_.model_path);
  done.peak_rss_mib = peak_memory_mib();
  log_.write(done_json(done));
  if (settings_.quiet) return;
  const EarlyStop& watched = *early_stop_;
  if (watched.on() && !idle_) {
    const std::string why = stopped_early_ ? fmt::format("stopped early, no better {} for {} evaluations; ",
                                                         watched.settings().metric, watched.settings().patience)
                                           : "";
    note(fmt::format("{}{} holds epoch {}, the best by {} ({:.4f})", why, datasets::quoted(settings_.model_path),
                     watched.best_epoch(), watched.settings().metric, watched.best()));
  }
  if (test_evaluation_)
    note(fmt::format("test data: {} (in {})", metrics_text(test_evaluation_->metrics), duration_text(test_evaluation_->seconds)));
  if (idle_) return;
  double train_seconds = 0, waited = 0;
  for (const EpochEvent& epoch : done.epochs) {
    train_seconds += epoch.report.train_seconds;
    waited += epoch.report.phases[Phase::gather];
  }
  note(fmt::format(
      "done: {} epochs trained in {} ({} % of it waiting for input), {} in all; model {} ({}), peak memory {:.0f} MiB",
      done.epochs.size(), duration_text(train_seconds), percent(train_seconds > 0 ? waited / train_seconds : 0, 1),
      duration_text(done.total_seconds), datasets::quoted(settings_.model_path), system::bytes_text(done.model_bytes),
      done.peak_rss_mib));
}

}  // namespace glissade::apps
