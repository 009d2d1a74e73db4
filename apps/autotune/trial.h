#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <glissade/config.h>
#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/trainer.h>
#include <glissade/views.h>

#include "apps/autotune/search_state.h"
#include "apps/autotune/tuning_rows.h"
#include "apps/training/early_stop.h"

namespace glissade::apps {

/// How a training is tried.
struct TrialSettings {
  MetricPlace metric;
  double seconds = 0;      ///< after which it is given up
  bool keep_rows = false;  ///< Trial::gained and Trial::weight
  std::function<Result<Model>(const Config&)> make_model;
  const NameFeatures* label_words = nullptr;  ///< of their texts; null: of their names
  std::function<void(const Progress&)> on_progress;
};

/// Trains with `config` on `rows` and scores `scored`: fills `trial` with what came of it. What fails is a lost trial, with the
/// reason. The time is that of this function.
void run_trial(const Config& config, const DatasetView& rows, const TuningRows::Scored& scored, const TrialSettings& settings,
               Trial& trial);

/// Gains of `trial` over `usual` on the rows that both have scored; `scored` are those rows.
void append_pairs(const Trial& trial, const Trial& usual, const TuningRows::Scored& scored, std::vector<PairedRow>& pairs);

}  // namespace glissade::apps
