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
#include "apps/training/event_log.h"
#include "apps/training/events.h"
#include "apps/training/progress_samples.h"

namespace glissade::apps {

struct RunSettings {
  std::string model_path;
  bool slim = false;             ///< leave the training state out of the last save
  std::uint32_t eval_every = 1;  ///< epochs from one evaluation to the next; the last epoch is always evaluated
  bool quiet = false;
  const RowPager* validation_pager = nullptr;     ///< of what epochs are evaluated on
  std::chrono::steady_clock::time_point started;  ///< of the whole command, for the totals
};

/// Trains one epoch, as Trainer and WordTrainer do.
using EpochPass = std::function<Result<EpochReport>(const std::function<bool(const Progress&)>&)>;

/// The epochs that a model still has to go: training, a checkpoint after each epoch, evaluation, reports. The model file is
/// always either what it was before or the state at the end of an epoch.
class TrainingRun {
 public:
  /// All arguments must outlive the run. `validation` is what each epoch is evaluated on.
  TrainingRun(Model& model, EpochPass pass, const std::optional<DatasetView>& validation, const RunSettings& settings,
              EventLog& log);

  /// Exit status: 0, or 128 + signal when SIGINT or SIGTERM stopped it between two steps.
  Result<int> run();

 private:
  Result<bool> run_epoch();
  Result<double> save() const;
  void report(const EpochEvent& event) const;
  void report_done();
  int report_interrupt() const;

  Model& model_;
  EpochPass pass_;
  const std::optional<DatasetView>& validation_;
  const RunSettings& settings_;
  EventLog& log_;
  ProgressLine progress_;
  ProgressSamples samples_;
  std::vector<EpochEvent> epochs_;
  bool saved_ = false;
};

}  // namespace glissade::apps
