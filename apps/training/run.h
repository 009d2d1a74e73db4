#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/trainer.h>
#include <glissade/views.h>

#include "apps/console/progress.h"
#include "apps/training/checkpoints.h"
#include "apps/training/early_stop.h"
#include "apps/training/event_log.h"
#include "apps/training/events.h"
#include "apps/training/progress_samples.h"

namespace glissade::apps {

struct RunSettings {
  std::string model_path;
  bool slim = false;             ///< leave the training state out of the last save
  std::uint32_t eval_every = 1;  ///< epochs from one evaluation to the next; the last epoch is always evaluated
  bool quiet = false;
  const RowPager* validation_pager = nullptr;  ///< of what epochs are evaluated on
  CheckpointSettings checkpoints;
  MonitorSettings monitor;
  std::chrono::steady_clock::time_point started;  ///< of the whole command, for the totals
};

/// Trains one epoch, as Trainer and WordTrainer do.
using EpochPass = std::function<Result<EpochReport>(const PassCallbacks&)>;

/// What a run is evaluated on: `validation` after each epoch, `test` once, with the model that is the result.
struct EvaluationData {
  std::optional<DatasetView> validation;
  std::optional<DatasetView> test;
};

/// The epochs that a model still has to go: training, checkpoints, evaluation, early stopping, reports. The model file is always
/// either what it was before or the state at the end of an epoch: the last one, or with early stopping the best so far.
class TrainingRun {
 public:
  /// All arguments must outlive the run.
  TrainingRun(Model& model, EpochPass pass, const EvaluationData& data, const RunSettings& settings, EventLog& log);

  /// Exit status: 0, or 128 + signal when SIGINT or SIGTERM stopped it between two steps.
  Result<int> run();

 private:
  Result<void> begin();
  Result<bool> run_epoch();
  Result<void> evaluate_epoch(EpochEvent& event);
  Result<double> save_epoch(bool best, bool last);
  Result<void> finish();
  Result<int> stop_now();
  std::string what_is_left() const;
  void log_checkpoint(const CheckpointReport& report);
  void report(const EpochEvent& event) const;
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
  std::vector<EpochEvent> epochs_;
  std::optional<Evaluation> test_evaluation_;
  bool stopped_early_ = false;
};

}  // namespace glissade::apps
