#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/model.h>
#include <glissade/options.h>
#include <glissade/result.h>
#include <glissade/settings.h>
#include <glissade/trainer.h>
#include <glissade/views.h>

namespace glissade {

/// What a training in memory is asked for. Left out, each thing is what `glissade train` does without its option.
struct TrainingRequest {
  std::string preset = {};  ///< "": the data choose one
  Effort effort = Effort::usual;
  std::vector<Setting> settings = {};                             ///< over the preset; the later wins
  std::vector<std::string> label_names = {}, feature_names = {};  ///< one each, or none
  std::string data_notes = {};  ///< Model::data_notes(), of a pipeline for instance; "": rows of ids from 0
  bool has_words = false;       ///< features are words and the like, with their counts as values
  bool histories = false;       ///< rows are those of histories.h, names those of items: no texts
  bool sets = false;            ///< of these: they are those of set_rows()
  bool never_repeats = false;   ///< HistoryRows::never_repeats(): a row's items are no answers, unless options say otherwise
  /// Takes a line about each choice that the data made. May be called before prepare_training() returns, from its thread.
  std::function<void(const std::string&)> on_note = {};
  /// Asked between the choices; false ends the preparation with kPreparationStopped.
  std::function<bool()> go_on = {};
};
inline constexpr std::string_view kPreparationStopped = "stopped before there was a model";

/// Rows and a model that are ready for Trainer::train_epoch(), with all that the data had to choose.
struct TrainingStart {
  DatasetView rows;            ///< may point into `memory`, or to what was given
  std::optional<Model> model;  ///< always there
  std::string preset;          ///< that was named or chosen

  /// Keeps in the model's file what `glissade train` keeps: it can go on from there.
  void note_run();

  std::shared_ptr<void> memory;
  std::uint64_t repeated_rows = 0;  ///< left out
  bool histories = false;           ///< as TrainingRequest has it
};

/// Makes the choices for `data` and a new model, as `glissade train` does for the same rows in a file: with the same options and
/// seed the models that training ends with are the same, byte for byte. `data` must outlive the result. Fails on an illegal view
/// (a row with an id twice, ids beyond the counts, values that are not finite), on no rows, labels or features to learn from,
/// on options that do not fit, and on too little memory. Uses config.run.threads threads. Rows are copied only where some say
/// nothing new, names are added as rows, or some have the weight 0: of data.weights, which may have any mean here, the ratios
/// count, and rows of weight 0 are left out.
Result<TrainingStart> prepare_training(const DatasetView& data, TrainingRequest request);

}  // namespace glissade
