#include "apps/pruning/cross_fit.h"

#include <utility>
#include <vector>

#include <glissade/refit.h>

namespace glissade::apps {
namespace {

SparseRows excluded_of(const OwnedRows& rows) noexcept { return rows.label_ids.empty() ? SparseRows{} : rows.view().labels; }

/// Adds the means over so many labelled samples of all.
void add(const Metrics& part, double share, Metrics& all) noexcept {
  all.samples += part.samples;
  all.unlabelled += part.unlabelled;
  for (std::size_t k = 0; k < kCutoffs.size(); ++k) {
    all.precision[k] += share * part.precision[k];
    all.ndcg[k] += share * part.ndcg[k];
    all.psp[k] += share * part.psp[k];
  }
}

}  // namespace

CrossFit::CrossFit(const ScoredRows& rows) {
  std::vector<bool> second(rows.view.size());
  for (std::size_t row = 1; row < second.size(); row += 2) second[row] = true;
  for (const bool which : {false, true}) {
    Half& half = halves_[which ? 1 : 0];
    half.rows = copy_rows(rows.view, second, which);
    if (rows.excluded.rows() != 0)
      half.excluded =
          copy_rows({rows.view.feature_count, rows.view.label_count, rows.view.features, rows.excluded}, second, which);
  }
}

Result<Evaluation> CrossFit::evaluate(Model& model, const Model& start) const {
  std::array<Evaluation, 2> parts;
  for (std::size_t half = 0; half < halves_.size(); ++half) {
    if (auto fitted = refit_ranker(model, halves_[1 - half].rows.view(), start); !fitted) return fitted.error();
    EvaluateOptions options;
    options.excluded = excluded_of(halves_[half].excluded);
    auto evaluation = glissade::evaluate(model, halves_[half].rows.view(), options);
    if (!evaluation) return evaluation.error();
    parts[half] = std::move(*evaluation);
  }
  Evaluation all;
  const auto labelled = [](const Metrics& metrics) { return static_cast<double>(metrics.samples - metrics.unlabelled); };
  const double sum = labelled(parts[0].metrics) + labelled(parts[1].metrics);
  for (const Evaluation& part : parts) {
    add(part.metrics, labelled(part.metrics) / sum, all.metrics);
    all.seconds += part.seconds;
  }
  return all;
}

}  // namespace glissade::apps
