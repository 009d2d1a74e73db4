#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/evaluation/evaluation_text.h"
#include "apps/input/data_options.h"

namespace glissade::apps {

/// Answers in a file, and what says what they mean.
struct AnswerFiles {
  std::string path;
  std::string train;  ///< training data; "" = none
  std::string names;  ///< one name per label; "" = none
};

/// The data that answers are to, and what is known of their labels.
struct AnsweredRows {
  std::optional<datasets::Dataset> data;  ///< keeps `labels`, unless these are of other rows
  SparseRows labels{};
  std::uint32_t label_count = 0;
  std::vector<std::uint32_t> training_rows;  ///< of each label; empty: unknown
  std::uint64_t training_samples = 0;
  std::vector<std::string> names;  ///< of labels; empty: none
  std::string names_source;
  bool may_be_ids = false;  ///< nobody said that answers are names

  bool counted() const noexcept { return !training_rows.empty(); }
  KnownLabels known(const Propensity& propensity) const noexcept {
    return {label_count, training_rows, training_samples, propensity};
  }
};

/// Reads the data in `test`, the training data and the names that `files` has. Fails where there is nothing to score.
Result<AnsweredRows> read_answered_data(const AnswerFiles& files, const std::string& test, const DataOptions& options);

/// Likewise for a file beside a model, read from `path`, that has been scored on rows of these `labels`, which must outlive the
/// result. `names`: file, "" = those of the model.
Result<AnsweredRows> answered_beside(const Model& model, const std::string& path, const std::string& names,
                                     const SparseRows& labels);

/// Scores the answers in `path` to the rows of `test`; names that no label has are counted in a line on standard error.
Result<Scoring> scored_answers(const std::string& path, const AnsweredRows& data, const std::string& test,
                               const KnownLabels& known, const EvaluateOptions& options);

}  // namespace glissade::apps
