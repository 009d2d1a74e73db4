#include "apps/evaluation/answer_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/answers.h"
#include "datasets/message.h"
#include "datasets/names.h"

namespace glissade::apps {
namespace {

/// How many rows have each label.
std::vector<std::uint32_t> rows_of_labels(const SparseRows& labels, std::uint32_t count) {
  std::vector<std::uint32_t> rows(count, 0);
  for (std::size_t row = 0; row < labels.rows(); ++row) {
    for (const std::uint32_t label : labels.row_ids(row)) ++rows[label];
  }
  return rows;
}

Result<void> read_label_names(const std::string& path, std::uint32_t labels, AnsweredRows& out) {
  if (path.empty()) return {};
  auto names = datasets::read_names(path, labels, "label");
  if (!names) return names.error();
  out.names = std::move(*names);
  out.names_source = path;
  return {};
}

}  // namespace

Result<AnsweredRows> read_answered_data(const AnswerFiles& files, const std::string& test, const DataOptions& options) {
  auto data = options.read(test, "test data");
  if (!data) return data.error();
  if (auto ok = check_scorable(data->view(), test); !ok) return ok.error();
  AnsweredRows out;
  out.data = std::move(*data);
  out.labels = out.data->view().labels;
  out.label_count = out.data->view().label_count;
  if (!files.train.empty()) {
    const auto train = options.read(files.train, "training data");
    if (!train) return train.error();
    out.label_count = std::max(out.label_count, train->view().label_count);
    out.training_rows = rows_of_labels(train->view().labels, out.label_count);
    out.training_samples = train->view().size();
  }
  if (auto read = read_label_names(files.names, out.label_count, out); !read) return read.error();
  return out;
}

Result<AnsweredRows> answered_beside(const Model& model, const std::string& path, const std::string& names,
                                     const SparseRows& labels) {
  AnsweredRows out;
  out.labels = labels;
  out.label_count = model.shape().labels;
  out.names = model.label_names();
  out.names_source = path;
  out.may_be_ids = names.empty();
  if (auto read = read_label_names(names, out.label_count, out); !read) return read.error();
  return out;
}

Result<Scoring> scored_answers(const std::string& path, const AnsweredRows& data, const std::string& test,
                               const KnownLabels& known, const EvaluateOptions& options) {
  const auto answers =
      datasets::read_answers(path, {test, data.labels.rows(), data.label_count, data.names.empty() ? nullptr : &data.names,
                                    data.names_source, data.may_be_ids});
  if (!answers) return answers.error();
  if (answers->unknown > 0)
    note(fmt::format("{}: {} of {} answers are names that {} lacks; they count as wrong", datasets::quoted(path),
                     grouped(answers->unknown), grouped(answers->ids.size()), datasets::quoted(data.names_source)));
  auto evaluation = evaluate_answers(answers->rows(), data.labels, known, options);
  if (!evaluation) return evaluation.error();
  return Scoring{std::move(*evaluation), "", known.propensity, !known.rows.empty()};
}

}  // namespace glissade::apps
