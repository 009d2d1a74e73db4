#include "apps/training/run.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <glissade/metrics.h>
#include <glissade/runtime.h>

#include "apps/console/interrupt.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string metrics_text(const Metrics& m) {
  return fmt::format("P@1/3/5 {} / {} / {}", percent(m.precision[0]), percent(m.precision[1]), percent(m.precision[2]));
}

std::uint64_t size_of(const std::string& path) {
  std::error_code code;
  const auto bytes = std::filesystem::file_size(path, code);
  return code ? 0 : bytes;
}

}  // namespace

TrainingRun::TrainingRun(Model& model, EpochPass pass, const EvaluationData& data, const RunSettings& settings, EventLog& log)
    : model_(model),
      pass_(std::move(pass)),
      data_(data),
      settings_(settings),
      log_(log),
      progress_(model.config().epochs, settings.quiet),
      checkpoints_(model, settings.model_path, settings.checkpoints,
                   {[this](const CheckpointReport& report) { log_checkpoint(report); },
                    [this](const std::string& message) {
                      progress_.clear();
                      complain(message);
                    }}) {}

Result<int> TrainingRun::run() {
  InterruptGuard::keep_what_is_trained();
  if (auto ok = begin(); !ok) return ok.error();
  while (!stopped_early_ && model_.epochs_done() < model_.config().epochs) {
    const auto finished = run_epoch();
    if (!finished) return runtime_error(finished.error().message + what_is_left());
    if (!*finished) return stop_now();
  }
  if (auto done = finish(); !done) return done.error();
  report_done();
  return 0;
}

Result<void> TrainingRun::begin() {
  auto early_stop = EarlyStop::create(settings_.monitor);
  if (!early_stop) return early_stop.error();
  early_stop_ = std::move(*early_stop);
  early_stop_->recall(model_.run_notes());
  stopped_early_ = early_stop_->should_stop();
  return {};
}

/// False if a signal stopped it.
Result<bool> TrainingRun::run_epoch() {
  const auto uninterrupted = [] { return InterruptGuard::signal() == 0; };
  const PassCallbacks callbacks{[&](const Progress& progress) {
                                  progress_.show(progress);
                                  if (log_.active() && samples_.due()) log_.write(samples_.take(progress));
                                  return uninterrupted();
                                },
                                [&] {
                                  if (uninterrupted()) checkpoints_.after_step();
                                  return uninterrupted();
                                }};
  const std::uint32_t before = model_.epochs_done();
  auto trained = pass_(callbacks);
  progress_.clear();
  if (!trained) return trained.error();
  if (model_.epochs_done() == before) return false;
  EpochEvent event;
  event.report = *trained;
  event.checkpoint_pause_seconds = checkpoints_.take_longest_pause();
  const bool last = model_.epochs_done() >= model_.config().epochs;
  // With early stopping the file depends on the evaluation; without, it need not wait for it.
  if (early_stop_->on()) {
    if (auto evaluated = evaluate_epoch(event); !evaluated) return evaluated.error();
  }
  const bool best = early_stop_->take(event.report, event.evaluation);
  if (early_stop_->on()) model_.set_run_notes(early_stop_->notes());
  const auto saved = save_epoch(best, last);
  if (!saved) return saved.error();
  event.save_seconds = *saved;
  if (!early_stop_->on()) {
    if (auto evaluated = evaluate_epoch(event); !evaluated) return evaluated.error();
  }
  event.peak_rss_mib = peak_memory_mib();
  log_.write(epoch_json(event));
  report(event);
  epochs_.push_back(event);
  stopped_early_ = early_stop_->should_stop() && !last;
  return last || stopped_early_ || uninterrupted();
}

Result<void> TrainingRun::evaluate_epoch(EpochEvent& event) {
  const bool last = model_.epochs_done() >= model_.config().epochs;
  const bool due = last || model_.epochs_done() % settings_.eval_every == 0;
  if (!data_.validation || !due || (InterruptGuard::signal() != 0 && !early_stop_->on())) return {};
  auto evaluation = evaluate(model_, *data_.validation, {.pager = settings_.validation_pager});
  if (!evaluation) return evaluation.error();
  event.evaluation = *evaluation;
  return {};
}

/// Seconds for which training waited. The last epoch's file is written before anything else happens, and must succeed.
Result<double> TrainingRun::save_epoch(bool best, bool last) {
  const auto start = std::chrono::steady_clock::now();
  const bool stopping = InterruptGuard::signal() != 0;
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

Result<void> TrainingRun::finish() {
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
    if (settings_.slim) {
      if (auto written = result->save(settings_.model_path, false); !written) return written.error();
    }
  }
  if (data_.test) {
    auto evaluation = evaluate(result ? *result : model_, *data_.test);
    if (!evaluation) return evaluation.error();
    test_evaluation_ = *evaluation;
  }
  checkpoints_.finish();
  return {};
}

/// After a signal: what was trained of the epoch at hand is kept.
Result<int> TrainingRun::stop_now() {
  std::string rest = fmt::format("nothing was written to {}", datasets::quoted(settings_.model_path));
  if (model_.pass_done() > 0) {
    const auto path = checkpoints_.save_now();
    if (!path) return runtime_error(path.error().message + what_is_left());
    rest = fmt::format("{} holds step {}, {} samples into epoch {}; go on with --resume", datasets::quoted(*path), model_.step(),
                       grouped(model_.pass_done()), model_.epochs_done() + 1);
  } else if (model_.epochs_done() > 0) {
    checkpoints_.model_saved();
    rest = fmt::format("{} holds the end of epoch {}, go on with --resume",
                       datasets::quoted(Checkpoints::newest_first(settings_.model_path).front()), model_.epochs_done());
  }
  complain(fmt::format("interrupted; {}", rest));
  return InterruptGuard::exit_status();
}

/// For a message that ends a run.
std::string TrainingRun::what_is_left() const {
  const std::string path = Checkpoints::newest_first(settings_.model_path).front();
  if (size_of(path) == 0) return "";
  return fmt::format(" ({} is the last state that was saved)", datasets::quoted(path));
}

void TrainingRun::log_checkpoint(const CheckpointReport& report) {
  if (report.path != settings_.model_path) log_.write(checkpoint_json(report));
}

void TrainingRun::report(const EpochEvent& event) const {
  if (settings_.quiet) return;
  const EpochReport& r = event.report;
  std::string line = fmt::format("epoch {}/{} done in {}, {} samples/s, loss {:.4f}, active {} %", r.epoch,
                                 model_.config().epochs, duration_text(r.train_seconds),
                                 grouped(static_cast<std::uint64_t>(r.samples_per_second)), r.loss, percent(r.active_share));
  if (r.phases[Phase::rehash] > 0) line += fmt::format(", re-hashing {}", duration_text(r.phases[Phase::rehash]));
  if (event.evaluation)
    line += fmt::format(", {} (in {})", metrics_text(event.evaluation->metrics), duration_text(event.evaluation->seconds));
  note(line);
}

void TrainingRun::report_done() {
  DoneEvent done;
  done.epochs = std::move(epochs_);
  done.test = test_evaluation_;
  done.stopped_early = stopped_early_;
  done.total_seconds = seconds_since(settings_.started);
  done.model_path = settings_.model_path;
  done.model_bytes = size_of(settings_.model_path);
  done.peak_rss_mib = peak_memory_mib();
  log_.write(done_json(done));
  if (settings_.quiet) return;
  const EarlyStop& watched = *early_stop_;
  if (watched.on()) {
    const std::string why = stopped_early_ ? fmt::format("stopped early, no better {} for {} evaluations; ",
                                                         watched.settings().metric, watched.settings().patience)
                                           : "";
    note(fmt::format("{}{} holds epoch {}, the best by {} ({:.4f})", why, datasets::quoted(settings_.model_path),
                     watched.best_epoch(), watched.settings().metric, watched.best()));
  }
  if (test_evaluation_)
    note(fmt::format("test data: {} (in {})", metrics_text(test_evaluation_->metrics), duration_text(test_evaluation_->seconds)));
  double train_seconds = 0, waited = 0;
  for (const EpochEvent& epoch : done.epochs) {
    train_seconds += epoch.report.train_seconds;
    waited += epoch.report.phases[Phase::gather];
  }
  note(fmt::format(
      "done: {} epochs trained in {} ({} % of it waiting for input), {} in all; model {} ({}), peak memory {:.0f} MiB",
      done.epochs.size(), duration_text(train_seconds), percent(train_seconds > 0 ? waited / train_seconds : 0, 1),
      duration_text(done.total_seconds), datasets::quoted(settings_.model_path), bytes_text(done.model_bytes),
      done.peak_rss_mib));
}

}  // namespace glissade::apps
