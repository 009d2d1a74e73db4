#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/run_notes.h>
#include <glissade/trainer.h>
#include <glissade/views.h>

#include "apps/console/progress.h"
#include "apps/training/checkpoints.h"
#include "apps/training/early_stop.h"
#include "apps/training/evaluation_rows.h"
#include "apps/training/event_log.h"
#include "apps/training/events.h"
#include "apps/training/progress_samples.h"

namespace glissade::apps {

struct RunSettings {
  std::string model_path;
  bool slim = false;               ///< leave the training state out of the last save
  std::uint32_t eval_every = 1;    ///< epochs from one evaluation to the next; the last epoch is always evaluated
  EvaluationSize evaluation_size;  ///< rows that epochs before the last one are evaluated on
  bool quiet = false;
  const RowPager* validation_pager = nullptr;  ///< of what epochs are evaluated on
  CheckpointSettings checkpoints;
  MonitorSettings monitor;
  RunNotes notes;               ///< what the model file is to say about the run; of a run that goes on: what it said
  std::string resumed_from;     ///< the file that the run goes on from; "" = a new run
  bool state_is_saved = false;  ///< the model is as that file holds it
  const char* nothing_yet = "nothing to save yet";  ///< what a signal leaves before there is a state, to end a line with
  std::chrono::steady_clock::time_point started;    ///< of the whole command, for the totals
};

/// Trains one epoch, as Trainer and WordTrainer do.
using EpochPass = std::function<Result<EpochReport>(const PassCallbacks&)>;

/// What a run is evaluated on: `validation` after each epoch, `test` once, with the model that is the result.
struct EvaluationData {
  std::optional<DatasetView> validation;
  std::optional<DatasetView> test;
  /// How the model that is trained is evaluated; empty: by evaluate() of the library.
  std::function<Result<Evaluation>(const DatasetView&, const EvaluateOptions&)> evaluate = {};
};

/// The epochs that a model still has to go: training, checkpoints, evaluation, early stopping, reports. The model file is always
/// either what it was before or the state at the end of an epoch: the last one, or with early stopping the best so far. A signal
/// stops whatever goes on, and leaves a state to go on from.
class TrainingRun {
 public:
  /// All arguments must outlive the run.
  TrainingRun(Model& model, EpochPass pass, const EvaluationData& data, const RunSettings& settings, EventLog& log);

  /// Exit status: 0, or 128 + signal when SIGINT, SIGTERM or SIGHUP stopped it.
  Result<int> run();

 private:
  Result<bool> begin();
  Result<bool> run_epoch();
  Result<bool> conclude_epoch(EpochEvent event);
  Result<bool> evaluate_epoch(EpochEvent& event);
  Result<std::optional<Evaluation>> evaluate_on(const Model& model, const DatasetView& data, const RowPager* pager);
  Result<double> save_epoch(bool best, bool last);
  Result<bool> finish();
  Result<std::string> keep_state();
  Result<int> stop_now();
  std::string what_is_left();
  bool last() const noexcept { return model_.epochs_done() >= model_.config().training.epochs; }
  double evaluation_seconds_left() const noexcept;
  void note_state();
  bool show(const Progress& progress);
  void show_evaluation(EvaluationProgress progress);
  void log_checkpoint(const CheckpointReport& report);
  void report(const EpochEvent& event) const;
  void report_nothing_to_do() const;
  void report_done();

  Model& model_;
  EpochPass pass_;
  const EvaluationData& data_;
  const RunSettings& settings_;
  EventLog& log_;
  ProgressLine progress_;
  ProgressSamples samples_;
  Checkpoints checkpoints_;
  std::optional<EarlyStop> early_stop_;
  std::optional<EvaluationRows> rows_;  ///< none: epochs are not evaluated
  std::vector<EpochEvent> epochs_;
  std::optional<Evaluation> test_evaluation_;
  RunNotes notes_;
  std::uint64_t epoch_end_step_;  ///< the model's step at the last end of an epoch
  double training_left_ = -1;     ///< seconds, as the trainer last said
  Activity activity_ = Activity::steps;
  bool stopped_early_ = false;
  bool idle_ = false;  ///< a finished run: there was nothing to train
};

}  // namespace glissade::apps
