#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/result.h>
#include <glissade/views.h>

#include "apps/input/data_options.h"
#include "apps/training/events.h"
#include "datasets/dataset.h"

namespace glissade::apps {

/// What is trained on, and what each epoch is evaluated on. The views point into `owners`.
struct TrainingData {
  std::vector<datasets::Dataset> owners;
  DatasetView train;
  const RowPager* train_pager = nullptr;  ///< null where all rows are in memory
  std::optional<DatasetView> validation;
  const RowPager* validation_pager = nullptr;
  std::string validation_path;
  std::optional<DatasetView> test;  ///< only beside a validation set: alone it is the validation set
  std::vector<DataEvent> events;
};

struct TrainingFiles {
  std::string train;
  std::string test;    ///< "" = none
  std::string valid;   ///< "" = none
  double holdout = 0;  ///< share of the training rows to evaluate on instead; 0 = none
};

/// Reads the files, one line about each on standard error unless `quiet`. Which rows are held out depends on `seed` only.
Result<TrainingData> read_training_data(const TrainingFiles& files, const DataOptions& options, std::uint64_t seed, bool quiet);

}  // namespace glissade::apps
