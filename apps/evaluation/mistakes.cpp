#include "apps/evaluation/mistakes.h"

#include <algorithm>
#include <span>
#include <utility>

namespace glissade::apps {
namespace {

constexpr std::size_t kRowsPerPrediction = 4096;
constexpr std::uint32_t kAnswersOfMistake = 5;

SparseRows rows_from(const SparseRows& rows, std::size_t first, std::size_t count) {
  return {rows.offsets.subspan(first, count + 1), rows.ids, rows.values};
}

bool is_worse_mistake(const Mistake& a, const Mistake& b) {
  return std::pair(-a.probabilities.front(), a.row) < std::pair(-b.probabilities.front(), b.row);
}

/// The worst ones of some: a heap with the least of them at its front.
class WorstMistakes {
 public:
  explicit WorstMistakes(std::size_t count) : count_(count) {}

  void add(Mistake mistake) {
    if (kept_.size() == count_ && (count_ == 0 || !is_worse_mistake(mistake, kept_.front()))) return;
    if (kept_.size() == count_) {
      std::pop_heap(kept_.begin(), kept_.end(), is_worse_mistake);
      kept_.pop_back();
    }
    kept_.push_back(std::move(mistake));
    std::push_heap(kept_.begin(), kept_.end(), is_worse_mistake);
  }

  std::vector<Mistake> take() {
    std::ranges::sort(kept_, is_worse_mistake);
    return std::move(kept_);
  }

 private:
  std::size_t count_;
  std::vector<Mistake> kept_;
};

/// Row `r` of `answers` as a mistake of `row`; without answers if it is none.
Mistake mistake_of(const Predictions& answers, std::size_t r, std::size_t row, std::span<const std::uint32_t> labels) {
  Mistake out{row, {}, {}};
  const std::size_t first = r * answers.k;
  if (labels.empty() || answers.k == 0 || answers.labels[first] == Predictions::kNoLabel) return out;
  if (std::ranges::find(labels, answers.labels[first]) != labels.end()) return out;
  for (std::size_t i = first; i < first + answers.k && answers.labels[i] != Predictions::kNoLabel; ++i) {
    out.labels.push_back(answers.labels[i]);
    out.probabilities.push_back(answers.scores[i]);
  }
  return out;
}

}  // namespace

Result<std::vector<Mistake>> confident_mistakes(const Model& model, const ScoredRows& rows, PredictOptions options,
                                                std::size_t count) {
  options.k = kAnswersOfMistake;
  options.probabilities = true;
  WorstMistakes worst(count);
  for (std::size_t done = 0; done < rows.view.size(); done += kRowsPerPrediction) {
    const std::size_t some = std::min(kRowsPerPrediction, rows.view.size() - done);
    options.first_row = done;
    if (rows.excluded.rows() > 0) options.excluded = rows_from(rows.excluded, done, some);
    const auto answers = model.predict(rows.view.inputs().piece(done, some), options);
    if (!answers) return answers.error();
    for (std::size_t r = 0; r < some; ++r) {
      Mistake mistake = mistake_of(*answers, r, done + r, rows.view.labels.row_ids(done + r));
      if (!mistake.labels.empty()) worst.add(std::move(mistake));
    }
  }
  return worst.take();
}

}  // namespace glissade::apps
