#include <algorithm>
#include <cmath>
#include <new>

#include <glissade/calibration.h>
#include <glissade/metrics.h>

#include "engine/evaluation/f1_sums.h"
#include "engine/evaluation/scorer.h"

namespace glissade {
namespace {

constexpr std::size_t kBins = 15;
constexpr std::size_t kRowsAtOnce = 4096;
constexpr std::uint32_t kAnswers = CalibrationReport::kAnswers, kMostLabels = CalibrationReport::kMostLabels;

/// The labels of a row of predictions that are at least `least` probable, `most` of them.
std::span<const std::uint32_t> answers_of(const Predictions& found, std::size_t row, std::size_t most, float least) {
  const std::span<const std::uint32_t> labels =
      std::span(found.labels).subspan(row * found.k, std::min<std::size_t>(found.k, most));
  std::size_t count = 0;
  while (count < labels.size() && labels[count] != Predictions::kNoLabel && found.scores[row * found.k + count] >= least) ++count;
  return labels.first(count);
}

class CalibrationSums {
 public:
  CalibrationSums(std::size_t labels, std::optional<float> threshold)
      : threshold_(threshold), at_threshold_(labels), of_best_(labels) {}

  void add(const Predictions& found, const Predictions& uncalibrated, const SparseRows& wanted) {
    for (std::size_t row = 0; row < wanted.rows(); ++row) {
      const auto labels = wanted.row_ids(row);
      if (labels.empty()) continue;
      ++samples_;
      add_answers(found, row, labels, answers_);
      add_answers(uncalibrated, row, labels, uncalibrated_);
      of_best_.add(answers_of(found, row, kAnswers, 0), labels);
      if (threshold_) at_threshold_.add(answers_of(found, row, kMostLabels, *threshold_), labels);
    }
  }

  CalibrationReport report() {
    CalibrationReport report;
    report.samples = samples_;
    report.error = expected_calibration_error(std::move(answers_));
    report.uncalibrated_error = expected_calibration_error(std::move(uncalibrated_));
    report.threshold = threshold_;
    report.f1_at_threshold = at_threshold_.f1();
    report.f1_of_best = of_best_.f1();
    return report;
  }

 private:
  using Answers = std::vector<std::pair<float, bool>>;

  static void add_answers(const Predictions& found, std::size_t row, std::span<const std::uint32_t> wanted, Answers& out) {
    const auto given = answers_of(found, row, kAnswers, 0);
    for (std::size_t i = 0; i < given.size(); ++i)
      out.emplace_back(found.scores[row * found.k + i], std::ranges::find(wanted, given[i]) != wanted.end());
  }

  std::optional<float> threshold_;
  std::uint64_t samples_ = 0;
  Answers answers_, uncalibrated_;
  F1Sums at_threshold_, of_best_;
};

}  // namespace

double expected_calibration_error(std::vector<std::pair<float, bool>> answers) {
  std::ranges::stable_sort(answers, {}, &std::pair<float, bool>::first);  // equal ones stay mixed
  double error = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const std::size_t begin = bin * answers.size() / kBins, end = (bin + 1) * answers.size() / kBins;
    double difference = 0;
    for (std::size_t i = begin; i < end; ++i) difference += double{answers[i].first} - (answers[i].second ? 1.0 : 0.0);
    error += std::abs(difference);
  }
  return answers.empty() ? 0 : error / static_cast<double>(answers.size());
}

Result<CalibrationReport> evaluate_calibration(const Model& model, const DatasetView& data, const CalibrationOptions& options) {
  if (data.features.rows() != data.labels.rows())
    return runtime_error("the data have " + std::to_string(data.features.rows()) + " rows of features and " +
                         std::to_string(data.labels.rows()) + " of labels; each sample needs both");
  try {
    CalibrationSums sums(model.shape().labels, best_threshold(model));
    const std::uint32_t most = std::min(kMostLabels, std::max(kAnswers, model.shape().labels));
    for (std::size_t first = 0; first < data.size(); first += kRowsAtOnce) {
      const InputRows rows = data.inputs().piece(first, std::min(kRowsAtOnce, data.size() - first));
      PredictOptions predict{most, options.search, true, first};
      const auto found = model.predict(rows, predict);
      if (!found) return found.error();
      predict.k = kAnswers;
      const auto uncalibrated = predict_uncalibrated(model, rows, predict);
      if (!uncalibrated) return uncalibrated.error();
      sums.add(*found, *uncalibrated, slice(data.labels, first, rows.rows()));
    }
    return sums.report();
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while probabilities are compared with labels; evaluate fewer rows");
  }
}

}  // namespace glissade
