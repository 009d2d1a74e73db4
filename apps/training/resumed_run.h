#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/run_notes.h>

#include "apps/config/config_source.h"
#include "apps/training/text_data.h"
#include "apps/training/train_options.h"
#include "apps/training/training_data.h"

namespace glissade::apps {

/// A run that --resume goes on with: a state of it, and what must be as it was. Each difference is refused with one line that
/// names it and says what to do instead.
class ResumedRun {
 public:
  /// Reads the file that --resume names, or else the newest of the model file and its checkpoints that is sound.
  /// `ranks`: those that share the rows of the model out.
  static Result<ResumedRun> open(const TrainOptions& options, Communicator& ranks);

  /// Hands `options` what belongs to the run: its hold-out, whether names are rows, and what it watches. Usage error if they ask
  /// for something else.
  Result<void> settle(TrainOptions& options) const;

  /// Usage error if an option of the model that was given differs. Other epochs than planned are a legal wish, and become the
  /// model's; `note` then holds a line about it. Options that are no part of a model file become the model's as they are.
  Result<void> take(const ConfigSource::Resolved& asked, std::string& note);

  /// Error unless `data` are the rows that the run began with, in their order.
  Result<void> check_data(const TrainingData& data, const TrainingFiles& files) const;
  Result<void> check_text(const TextData& text, const TrainingFiles& files) const;

  /// Error if names that are given (`option` says where) are not those that rows of the run were made from.
  Result<void> check_names(const std::vector<std::string>& given, const std::vector<std::string>& known,
                           const char* option) const;

  const std::string& path() const noexcept { return path_; }
  const RunNotes& notes() const noexcept { return notes_; }
  Model& model() noexcept { return model_; }
  const Model& model() const noexcept { return model_; }
  std::uint64_t bytes() const noexcept { return bytes_; }  ///< that the model takes in memory

 private:
  ResumedRun(std::string path, Model model, std::uint64_t bytes);
  Result<void> settle_split(TrainOptions& options) const;
  Result<void> settle_names(TrainOptions& options) const;
  Result<void> settle_repeats(TrainOptions& options) const;
  Error other_data(const std::string& what) const;
  Result<void> check_validation(const std::optional<DatasetView>& validation, const std::string& path) const;

  std::string path_;
  Model model_;
  RunNotes notes_;
  std::uint64_t bytes_;
};

}  // namespace glissade::apps
