#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade {

/// Whether probabilities are calibrated. A model with sparse paths is, once an epoch is over, if 100 or more of its training rows
/// were kept apart to weigh the paths (3 %, at most 10,000). Models without sparse paths are not, nor are those of earlier
/// versions.
///
/// A calibrated probability is that of the label to apply, whatever others do, with any loss: as often as labels with such a
/// score applied on the rows that were kept apart, which only the ranker has learned from. Within a sample it has the order of
/// the scores. It is the logistic function of a log s - b log(1 - s) + c H + d R + e (beta calibration: Kull, Silva Filho, Flach
/// 2017), where s is the share of exp(score) in the sum over the sample's candidates, and H and R are the entropies of order 1
/// and 2 of these shares: where a sample has many labels, they share 1, and a small share may be a sure label. It does not depend
/// on k, nor on what is searched as long as the candidates are the same.
bool has_calibration(const Model& model) noexcept;

/// The least probability of labels that are worth giving: those of that probability or more have the best F1 (micro) on the rows
/// that were kept apart. Nothing without a calibration.
std::optional<float> best_threshold(const Model& model) noexcept;

/// Model::predict() with the probabilities that it describes, also where the model has a calibration.
Result<Predictions> predict_uncalibrated(const Model& model, const InputRows& inputs, const PredictOptions& options = {});

/// How far probabilities are from how often labels apply: the expected calibration error (Guo et al. 2017). `answers` are pairs
/// of a probability and whether the label applied. They are sorted by probability and cut into 15 bins of as many answers each
/// (Nixon et al. 2019); the error is the mean over answers of |mean probability - share of right ones| of their bin. 0 without
/// answers.
double expected_calibration_error(std::vector<std::pair<float, bool>> answers);

/// F1 = 2 * right / (given + true): harmonic mean of precision and recall; all in [0, 1].
struct F1 {
  double micro = 0;   ///< right, given and true labels summed over all samples
  double macro = 0;   ///< mean over labels of each one's F1, of labels that are true or given somewhere
  double sample = 0;  ///< mean over samples of each one's F1
};

struct CalibrationReport {
  static constexpr std::uint32_t kAnswers = 5;       ///< best labels of each sample that errors and f1_of_best are of
  static constexpr std::uint32_t kMostLabels = 100;  ///< that a threshold may let through

  std::uint64_t samples = 0;            ///< with labels; others count for nothing
  double error = 0;                     ///< expected calibration error of predict()'s probabilities
  double uncalibrated_error = 0;        ///< the same without the model's calibration; equal where it has none
  std::optional<float> threshold = {};  ///< best_threshold()
  F1 f1_at_threshold = {};              ///< of labels of at least that probability
  F1 f1_of_best = {};                   ///< of the kAnswers best
};

struct CalibrationOptions {
  Search search = Search::automatic;
};

/// Predicts all of `data`, twice, and says what the probabilities are worth. Fails as evaluate() does. Thread-safe as
/// Model::predict.
Result<CalibrationReport> evaluate_calibration(const Model& model, const DatasetView& data,
                                               const CalibrationOptions& options = {});

}  // namespace glissade
