#include "apps/autotune/trial.h"

#include <chrono>
#include <new>
#include <optional>
#include <utility>

#include <glissade/options.h>
#include <glissade/tuning.h>

namespace glissade::apps {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr const char* kTooSlow = "out of time";

Result<Model> model_for(Config config, const DatasetView& rows, const TrialSettings& settings) {
  const Shape shape{rows.feature_count, rows.label_count, rows.vectors.width};
  tune_tables(config, shape);
  if (auto enough = check_memory(estimate_training_memory(config, shape)); !enough) return enough.error();
  return settings.make_model(config);
}

/// False if there is no time for it.
Result<bool> train(Model& model, const DatasetView& rows, const TrialSettings& settings, Clock::time_point start) {
  auto trainer = Trainer::create(model, rows.size());
  if (!trainer) return trainer.error();
  trainer->know_labels(settings.label_words);
  const auto has_time = [&] { return seconds_since(start) < settings.seconds; };
  while (model.epochs_done() < model.config().training.epochs) {
    const std::uint32_t before = model.epochs_done();
    const auto epoch = trainer->train_epoch(rows, [&](const Progress& progress) {
      settings.on_progress(progress);
      return has_time();
    });
    if (!epoch) return epoch.error();
    if (model.epochs_done() == before) return false;
  }
  return true;
}

void take_scores(const std::vector<SampleScores>& samples, const TrialSettings& settings, std::vector<double>& gained,
                 std::vector<double>& weight) {
  const std::size_t at = settings.metric.cutoff;
  for (const SampleScores& sample : samples) {
    if (!sample.labelled) continue;
    using Family = MetricPlace::Family;
    const Family family = settings.metric.family;
    gained.push_back(family == Family::psp         ? sample.psp_found[at]
                     : family == Family::precision ? sample.precision[at]
                                                   : sample.ndcg[at]);
    weight.push_back(family == Family::psp ? sample.psp_best[at] : 1.0);
  }
}

/// The groups of the scored rows that have labels.
std::vector<std::uint64_t> groups_of(const TuningRows::Scored& scored) {
  std::vector<std::uint64_t> groups;
  for (std::size_t row = 0; row < scored.groups.size(); ++row) {
    if (!scored.view().labels.row_ids(row).empty()) groups.push_back(scored.groups[row]);
  }
  return groups;
}

Result<void> try_it(const Config& config, const DatasetView& rows, const TuningRows::Scored& scored,
                    const TrialSettings& settings, Clock::time_point start, Trial& trial) {
  auto model = model_for(config, rows, settings);
  if (!model) return model.error();
  const auto trained = train(*model, rows, settings, start);
  if (!trained) return trained.error();
  if (!*trained) return runtime_error(kTooSlow);
  EvaluateOptions options;
  options.keep_samples = true;
  options.on_progress = [&](std::uint64_t, std::uint64_t) { return seconds_since(start) < settings.seconds; };
  const auto begin = Clock::now();
  const auto evaluation = evaluate(*model, scored.view(), options);
  trial.fixed_seconds = seconds_since(begin);
  if (!evaluation) return evaluation.error();
  if (!evaluation->complete) return runtime_error(kTooSlow);
  take_scores(evaluation->samples, settings, trial.gained, trial.weight);
  return {};
}

}  // namespace

void run_trial(const Config& config, const DatasetView& rows, const TuningRows::Scored& scored, const TrialSettings& settings,
               Trial& trial) {
  const auto start = Clock::now();
  trial.rows = rows.size();
  trial.epochs = config.training.epochs;
  try {
    if (auto done = try_it(config, rows, scored, settings, start, trial); !done) trial.lost = done.error().message;
  } catch (const std::bad_alloc&) {
    trial.lost = "memory does not suffice";
  }
  if (!trial.is_lost()) {
    std::vector<PairedRow> single;
    const std::vector<std::uint64_t> groups = groups_of(scored);
    for (std::size_t i = 0; i < trial.gained.size(); ++i) single.push_back({groups[i], trial.gained[i], trial.weight[i]});
    const Gain score = paired_gain(single, 0.95);
    trial.score = score.mean;
    trial.low = score.low;
    trial.high = score.high;
  }
  if (trial.is_lost() || !settings.keep_rows) trial.gained = trial.weight = {};
  trial.seconds = seconds_since(start);
}

void append_pairs(const Trial& trial, const Trial& usual, const TuningRows::Scored& scored, std::vector<PairedRow>& pairs) {
  const std::vector<std::uint64_t> groups = groups_of(scored);
  for (std::size_t i = 0; i < groups.size() && i < trial.gained.size() && i < usual.gained.size(); ++i)
    pairs.push_back({groups[i], trial.gained[i] - usual.gained[i], usual.weight[i]});
}

}  // namespace glissade::apps
