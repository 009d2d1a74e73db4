#pragma once

#include <string>

#include <glissade/data_profile.h>
#include <glissade/model.h>

#include "apps/config/config_source.h"
#include "apps/training/training_data.h"

namespace glissade::apps {

/// Puts the weighting that the data suggest into the place of `automatic`, which also stands where nothing is said about it; a
/// model that training starts from (`has_former`) says it. Returns a line for the user, "" if nothing was chosen.
/// `has_words`: features are words and the like, with their counts as values.
std::string settle_weighting(ConfigSource::Resolved& asked, bool has_former, DataProfile data, bool has_words);

/// A line if features are labels of their rows: whether they count with the model's weighting.
void note_label_features(const Model& model, const DataProfile& data);

/// A note if a column of the data drowns the others, and the weighting leaves it so.
void warn_of_outsized(const Model& model, const DataProfile& data);

/// Notes on rows of the validation and test data that are also trained on.
void note_shared_rows(const TrainingData& data, const TrainingFiles& files);

}  // namespace glissade::apps
