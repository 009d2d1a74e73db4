#pragma once

#include <string>

#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/training/training_data.h"

namespace glissade::apps {

/// Whether labels' names become training rows of these labels. `automatic`: where they tell something (NameEvidence::tells).
enum class NamesAsRows { automatic, on, off };

/// The value of --name-rows that `text` names. Usage error if there is none.
Result<NamesAsRows> choose_name_rows(const std::string& text);

/// Puts a row for each label of `model` whose name has words that are features behind the rows that are trained on
/// (data.train.added), if `choice` wants that and both sides have names. Without `quiet` one line on standard error says how
/// many, or why none. Usage error if `choice` is on and there is nothing to add.
Result<void> add_names(TrainingData& data, const Model& model, NamesAsRows choice, bool quiet);

}  // namespace glissade::apps
