#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

#include "apps/training/events.h"
#include "apps/training/label_texts.h"
#include "apps/training/part_names.h"
#include "apps/training/repeats.h"
#include "apps/training/row_source.h"
#include "apps/training/sibling_rows.h"
#include "datasets/dataset.h"

namespace glissade::apps {

/// What is trained on, and what each epoch is evaluated on. The views point into `owners`.
struct TrainingData {
  std::vector<datasets::Dataset> owners;
  std::vector<std::shared_ptr<const void>> vectors;  ///< what keeps the vectors of the views
  RowRelations relations;          ///< of the training file; its groups are those of `train`, which has them, too
  std::uint64_t named_groups = 0;  ///< content of the file of groups; 0 = none was given
  DatasetView train;
  const RowPager* train_pager = nullptr;  ///< null where all rows are in memory
  std::optional<DatasetView> validation;
  const RowPager* validation_pager = nullptr;
  std::string validation_path;
  std::optional<DatasetView> test;  ///< only beside a validation set: alone it is the validation set
  std::vector<DataEvent> events;
  std::vector<std::string> item_names;     ///< of sequences
  std::vector<std::string> item_features;  ///< names of features of items, behind those of histories
  PartNames names;                         ///< that records bring along; empty for files of ids
  LabelTexts label_texts;                  ///< of --label-text
  std::string notes;                       ///< how the data are read, for Model::set_data_notes()
  bool has_words = false;                  ///< features are words and the like, with their counts as values
  bool rows_repeat = false;                ///< some say nothing new, and are left out or kept as ReadSettings::repeated has it
  bool excludes_seen = false;  ///< of sequences: no next item is among those before it, and chance would have put some there;
                               ///< or they are sets

  /// What is known of labels beyond their names; null: nothing.
  const NameFeatures* label_words() const noexcept { return label_texts.content == 0 ? nullptr : &label_texts.words; }
  bool is_sequence() const noexcept { return !item_names.empty(); }
  bool is_set = false;  ///< of sequences: their order means nothing
};

struct TrainingFiles {
  std::string train;
  std::string test;           ///< "" = none
  std::string valid;          ///< "" = none
  std::string train_vectors;  ///< "" = none, and then the two others are ""
  std::string test_vectors;
  std::string valid_vectors;
  double holdout = 0;              ///< share of the training rows to evaluate on instead; 0 = none
  std::uint32_t holdout_last = 0;  ///< last items of each sequence that are held out, the first of these to evaluate on; 0 = none

  double time_share = 0;  ///< of a log's events that are trained on, to evaluate on those after them; 0 = all

  bool has_validation() const noexcept { return !valid.empty() || holdout != 0 || holdout_last != 0 || time_share != 0; }
};

/// How the files of a run are read.
struct ReadSettings {
  std::uint64_t seed = 0;           ///< which rows are held out depends on it alone
  bool quiet = false;               ///< no line about each file on standard error
  std::optional<Shape> shape = {};  ///< of a model that is trained on; else D and L are those of the training file
  RelationSettings relations = {};
  RepeatedRows repeated = RepeatedRows::once;
};

/// Reads the files. What the others hold is counted and left out where it goes beyond the training file.
/// An error where there is nothing to train on or nothing to evaluate on: no rows, no labels.
Result<TrainingData> read_training_data(const TrainingFiles& files, RowSource& source, const ReadSettings& settings);

}  // namespace glissade::apps
