#include <algorithm>
#include <string>

#include <glissade/metrics.h>

#include "engine/evaluation/scorer.h"

namespace glissade {
namespace {

constexpr std::size_t kPieceRows = 4096;

/// The first k answers of some rows, as a model would have given them.
Predictions as_predictions(const SparseRows& answers, std::uint32_t k) {
  Predictions out;
  out.k = k;
  out.labels.assign(answers.rows() * k, Predictions::kNoLabel);
  for (std::size_t row = 0; row < answers.rows(); ++row) {
    const auto ids = answers.row_ids(row);
    std::copy_n(ids.begin(), std::min<std::size_t>(k, ids.size()), out.labels.begin() + static_cast<std::ptrdiff_t>(row * k));
  }
  return out;
}

}  // namespace

Result<Evaluation> evaluate_answers(const SparseRows& answers, const SparseRows& labels, const KnownLabels& known,
                                    const EvaluateOptions& options) {
  if (answers.rows() != labels.rows()) {
    return runtime_error("there are answers to " + std::to_string(answers.rows()) + " rows, and labels of " +
                         std::to_string(labels.rows()) + "; each sample needs both");
  }
  if (auto fit = check_scored(answers.rows(), labels, options.cutoffs); !fit) return fit.error();
  Scorer scorer(known, options);
  Evaluation evaluation;
  for (std::size_t done = 0; done < answers.rows() && evaluation.complete;) {
    const std::size_t count = std::min(kPieceRows, answers.rows() - done);
    scorer.add(as_predictions(slice(answers, done, count), scorer.depth()), slice(labels, done, count));
    done += count;
    if (options.on_progress) evaluation.complete = options.on_progress(done, answers.rows()) || done == answers.rows();
  }
  scorer.finish(evaluation);
  return evaluation;
}

Result<Comparison> compare(const Evaluation& challenger, const Evaluation& other) {
  if (challenger.rows == nullptr || other.rows == nullptr)
    return usage_error("an evaluation to compare keeps its rows; set EvaluateOptions::keep_rows");
  if (challenger.rows->cutoffs() != other.rows->cutoffs() || challenger.rows->cutoffs().empty())
    return usage_error("the evaluations to compare have different cut-offs, or none; evaluate both at the same ones");
  if (challenger.rows->rows() != other.rows->rows()) {
    return usage_error("the evaluations to compare have " + std::to_string(challenger.rows->rows()) + " and " +
                       std::to_string(other.rows->rows()) + " labelled samples; evaluate both on the same ones");
  }
  const RowScores gains = challenger.rows->minus(*other.rows);
  Comparison out{gains.metrics(true), gains.rows()};
  for (std::size_t i = 0; i < out.at.size(); ++i) out.at[i].coverage = challenger.at[i].coverage - other.at[i].coverage;
  for (std::size_t row = 0; row < gains.rows(); ++row) {
    out.better += gains.first_precision(row) > 0 ? 1 : 0;
    out.worse += gains.first_precision(row) < 0 ? 1 : 0;
  }
  return out;
}

}  // namespace glissade
