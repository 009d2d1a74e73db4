#pragma once

#include <string>

#include <glissade/label_names.h>
#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/training/part_names.h"
#include "apps/training/training_data.h"

namespace glissade::apps {

/// Whether labels' names become training rows of these labels. `automatic`: where they tell something (NameEvidence::tells).
enum class NameRowsChoice { automatic, on, off };

/// The value of --name-rows that `text` names. Usage error if there is none.
Result<NameRowsChoice> choose_name_rows(const std::string& text);

/// What names become rows.
struct NamedRows {
  PartNamesView names;
  const NameFeatures* texts;  ///< of labels; null: names are all that is known of them
  Shape shape;                ///< of the model; a libsvm file may state less
  NameRowsChoice choice;
  bool quiet;
};

/// Puts a row for each label whose name has words that are features behind the rows that are trained on (data.train.added), if
/// that is wanted and both sides have names, or labels have texts. Without `quiet` one line on standard error says how many, or
/// why none. Usage error if the choice is on and there is nothing to add.
Result<void> add_names(TrainingData& data, const NamedRows& named);

}  // namespace glissade::apps
