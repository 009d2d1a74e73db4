#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/config/config_source.h"
#include "apps/training/part_names.h"
#include "apps/training/resumed_run.h"
#include "apps/training/text_data.h"
#include "apps/training/train_options.h"
#include "apps/training/training_data.h"

namespace glissade::apps {

/// What a run begins with, nothing, a run that --resume goes on with, or a model whose weights it starts from (--from), and the
/// model that is made of that.
class RunStart {
 public:
  /// `options` must outlive it; a resumed run hands them what belongs to it.
  explicit RunStart(TrainOptions& options) : options_(options) {}

  /// Reads the file that the run begins with, if any, and returns the options as far as they are known by then.
  /// `ranks`: those that will share the rows of the model out; a single one: all rows are this process's. Must outlive the model.
  Result<ConfigSource::Resolved> open(Communicator& ranks);

  /// The model of that file; null: the run begins with nothing, or the model was made.
  const Model* former() const noexcept;
  bool resumes() const noexcept { return resumed_.has_value(); }
  bool takes_weights() const noexcept { return from_.has_value(); }
  const std::string& resumed_path() const noexcept { return resumed_->path(); }
  std::uint64_t resumed_bytes() const noexcept { return resumed_ ? resumed_->bytes() : 0; }

  /// D and L of the model, for rows to train on.
  Shape shape_of(const DatasetView& data) const;
  /// The names that are given, and those that the model will have.
  Result<PartNames> read_names(const TrainingData& data) const;
  PartNamesView names_in_use(const PartNames& given, const Shape& shape) const noexcept;
  /// Puts the labels' names behind the rows where they are to be (--name-rows). Error if a resumed run had other rows or names.
  Result<void> complete(TrainingData& data, const PartNames& given) const;

  /// `data` are complete. `ranks` as in open().
  Result<Model> make_model(const ConfigSource::Resolved& asked, const TrainingData& data, PartNames given, Communicator& ranks);
  Result<Model> make_word_model(const ConfigSource::Resolved& asked, const TextData& text);

 private:
  Result<Model> new_model(Config config, const Shape& shape, PartNames names, std::vector<std::uint32_t> feature_labels,
                          Communicator& ranks);
  Result<Model> started_from(const Config& config, const Shape& shape, PartNames names, std::vector<std::uint32_t> feature_labels,
                             Communicator& ranks);
  Model resumed_model();
  std::vector<std::uint32_t> same_things(const Config& config, const RowRelations& relations, std::size_t labels) const;
  void warn(const ConfigSource::Resolved& asked, const Config& config, const DataFacts& data) const;

  TrainOptions& options_;
  std::optional<ResumedRun> resumed_;
  std::optional<Model> from_;
};

}  // namespace glissade::apps
