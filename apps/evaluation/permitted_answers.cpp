#include "apps/evaluation/permitted_answers.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace glissade::apps {
namespace {

constexpr std::size_t kRowsPerPiece = 4096;

SparseRows piece_of(const SparseRows& rows, std::size_t first, std::size_t count) {
  return {rows.offsets.subspan(first, count + 1), rows.ids, rows.values};
}

}  // namespace

Result<Evaluation> evaluate_permitted(const Model& model, const ScoredRows& rows, const LabelFilter& permitted,
                                      const EvaluateOptions& options) {
  std::uint32_t depth = kCutoffs.back();
  for (const std::uint32_t k : options.cutoffs) depth = std::max(depth, k);
  PredictOptions predict{depth, options.search};
  predict.filter = &permitted;
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::uint32_t> ids;
  std::uint64_t candidates = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t done = 0; done < rows.view.size(); done += kRowsPerPiece) {
    const std::size_t some = std::min(kRowsPerPiece, rows.view.size() - done);
    predict.first_row = done;
    if (options.excluded.rows() > 0) predict.excluded = piece_of(options.excluded, done, some);
    const auto answers = model.predict(rows.view.inputs().piece(done, some), predict);
    if (!answers) return answers.error();
    for (std::size_t i = 0; i < answers->labels.size(); ++i) {
      if (answers->labels[i] != Predictions::kNoLabel) ids.push_back(answers->labels[i]);
      if ((i + 1) % answers->k == 0) offsets.push_back(ids.size());
    }
    candidates += answers->candidates;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  auto evaluation = evaluate_answers({offsets, ids, {}}, rows.view.labels, *options.known, options);
  if (!evaluation) return evaluation;
  evaluation->seconds = seconds;
  evaluation->candidates_share =
      static_cast<double>(candidates) / (static_cast<double>(rows.view.size()) * static_cast<double>(model.shape().labels));
  return evaluation;
}

}  // namespace glissade::apps
