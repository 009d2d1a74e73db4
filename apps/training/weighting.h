#pragma once

#include <string>

#include <glissade/data_profile.h>
#include <glissade/model.h>

#include "apps/training/training_data.h"

namespace glissade::apps {

/// A line if features are labels of their rows: whether they count with the model's weighting.
void note_label_features(const Model& model, const DataProfile& data);

/// A note if a column of the data drowns the others, and the weighting leaves it so.
void warn_of_outsized(const Model& model, const DataProfile& data);

/// Notes on rows of the validation and test data that are also trained on.
void note_shared_rows(const TrainingData& data, const TrainingFiles& files);

}  // namespace glissade::apps
