#pragma once

#include <optional>
#include <string>
#include <vector>

#include <glissade/result.h>

#include "apps/input/sequence_options.h"
#include "apps/training/training_data.h"

namespace glissade::apps {

/// Reads sequences to train on, and those to evaluate on: the item that --holdout-last leaves, or the last one of each sequence
/// of another file. `notes` are those of a model that is resumed or started from, if any.
Result<TrainingData> read_sequence_data(const TrainingFiles& files, const SequenceOptions& options,
                                        const std::optional<SequenceNotes>& notes, bool quiet);

/// Feature names of a model of sequences: "ITEM (before)" of all, "ITEM (last)" of all.
std::vector<std::string> history_names(const std::vector<std::string>& items);

}  // namespace glissade::apps
