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

TrainingRun::TrainingRun(Model& model, EpochPass pass, const std::optional<DatasetView>& validation, const RunSettings& settings,
                         EventLog& log)
    : model_(model),
      pass_(std::move(pass)),
      validation_(validation),
      settings_(settings),
      log_(log),
      progress_(model.config().epochs, settings.quiet) {}

Result<int> TrainingRun::run() {
  const InterruptGuard guard;
  while (model_.epochs_done() < model_.config().epochs) {
    const auto finished = run_epoch();
    if (!finished) return finished.error();
    if (!*finished) return report_interrupt();
  }
  report_done();
  return 0;
}

/// False if a signal stopped it.
Result<bool> TrainingRun::run_epoch() {
  const auto on_progress = [this](const Progress& progress) {
    progress_.show(progress);
    if (log_.active() && samples_.due()) log_.write(samples_.take(progress));
    return InterruptGuard::signal() == 0;
  };
  const std::uint32_t before = model_.epochs_done();
  auto trained = pass_(on_progress);
  progress_.clear();
  if (!trained) return trained.error();
  if (model_.epochs_done() == before) return false;
  EpochEvent event;
  event.report = *trained;
  const auto saved = save();
  if (!saved) return saved.error();
  saved_ = true;
  event.save_seconds = *saved;
  const bool last = model_.epochs_done() >= model_.config().epochs;
  if (validation_ && InterruptGuard::signal() == 0 && (last || model_.epochs_done() % settings_.eval_every == 0)) {
    auto evaluation = evaluate(model_, *validation_, {.pager = settings_.validation_pager});
    if (!evaluation) return evaluation.error();
    event.evaluation = *evaluation;
  }
  event.peak_rss_mib = peak_memory_mib();
  log_.write(epoch_json(event));
  report(event);
  epochs_.push_back(event);
  return last || InterruptGuard::signal() == 0;
}

/// Seconds that writing the checkpoint took.
Result<double> TrainingRun::save() const {
  const auto start = std::chrono::steady_clock::now();
  const bool last = model_.epochs_done() >= model_.config().epochs;
  if (auto written = model_.save(settings_.model_path, !(last && settings_.slim)); !written) return written.error();
  return seconds_since(start);
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
  done.total_seconds = seconds_since(settings_.started);
  done.model_path = settings_.model_path;
  done.model_bytes = size_of(settings_.model_path);
  done.peak_rss_mib = peak_memory_mib();
  log_.write(done_json(done));
  if (settings_.quiet) return;
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

int TrainingRun::report_interrupt() const {
  const bool checkpoint = saved_ || model_.epochs_done() > 0;
  const std::string rest = checkpoint ? fmt::format("{} holds the end of epoch {}, go on with --resume",
                                                    datasets::quoted(settings_.model_path), model_.epochs_done())
                                      : fmt::format("nothing was written to {}", datasets::quoted(settings_.model_path));
  complain(fmt::format("interrupted; {}", rest));
  return InterruptGuard::exit_status();
}

}  // namespace glissade::apps
