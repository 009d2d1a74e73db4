#pragma once

#include <string>

#include <glissade/data_profile.h>
#include <glissade/result.h>

#include "apps/autotune/search_state.h"
#include "apps/config/config_source.h"
#include "apps/training/event_log.h"
#include "apps/training/part_names.h"
#include "apps/training/train_options.h"
#include "apps/training/training_data.h"

namespace glissade::apps {

/// What `train --autotune` begins with.
struct AutotuneStart {
  ConfigSource::Resolved usual;  ///< what would be trained without a search
  std::string chosen_preset;     ///< that the data chose; "" = one was named
};

/// What it searches on.
struct TuningData {
  const TrainingData& rows;
  PartNamesView names;  ///< of the models that are tried
  const DataProfile& profile;
};

/// Usage error if what a search that goes on has is not what `options` ask for; what they do not say is handed to them.
Result<void> settle_search(const SearchState& state, TrainOptions& options);

/// Searches, and returns what is to be trained: `start.usual`, or what was surely better on held-out rows. Tells what it tries,
/// how sure the choice is, and the options that repeat it. `state`: of a search that goes on, else a new one.
Result<ConfigSource::Resolved> autotune(const TrainOptions& options, const AutotuneStart& start, const TuningData& data,
                                        SearchState state, EventLog& log);

}  // namespace glissade::apps
