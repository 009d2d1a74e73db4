#pragma once

#include <optional>
#include <string>
#include <vector>

#include <glissade/result.h>

#include "apps/input/data_options.h"
#include "apps/input/record_options.h"
#include "apps/input/sequence_options.h"
#include "apps/training/training_data.h"

namespace glissade::apps {

/// How the files are read: by the options of all data, and for logs of events by those of records.
struct SequenceFiles {
  const DataOptions& data;
  const RecordOptions& records;
};

/// Reads sequences to train on, and those to evaluate on: the item that --holdout-last leaves, or the last one of each sequence
/// of another file; of a log of events also what comes after the moment that --split names; of sets those that --holdout leaves,
/// and of another file a part of each set. `notes` are those of a model that is resumed or started from, if any, and `former` is
/// that model, or null.
Result<TrainingData> read_sequence_data(const TrainingFiles& files, const SequenceOptions& options, const SequenceFiles& how,
                                        const std::optional<SequenceNotes>& notes, const Model* former,
                                        const ReadSettings& settings);

/// Feature names of a model of sequences: "ITEM (before)" of all, "ITEM (last)" of all; of sets those of the items.
std::vector<std::string> history_names(const std::vector<std::string>& items, bool ordered);

}  // namespace glissade::apps
