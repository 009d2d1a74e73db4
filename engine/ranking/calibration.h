#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/parameters/array.h"

namespace glissade {

/// A sample's candidates as a distribution: the shares of their scores' exponentials.
struct CandidateShares {
  float log_sum = 0;    ///< of the exponentials
  float entropy = 0;    ///< -sum of share * log(share)
  float collision = 0;  ///< -log of the sum of squared shares (Renyi's entropy of order 2)

  static CandidateShares of(std::span<const float> scores) noexcept;
};

/// The best candidates of samples that were kept apart, and what is true of them.
struct CalibrationExamples {
  static constexpr std::size_t kAnswers = 20;  ///< of each sample

  std::vector<float> scores;
  std::vector<CandidateShares> shares;  ///< beside them: of the sample
  std::vector<bool> right;              ///< beside them: whether the label applies
  std::size_t samples = 0;
  std::size_t true_labels = 0;  ///< of all samples, candidates or not

  /// A sample's candidates with these scores. `targets` are not 0 for its labels, of which it has `labels`.
  void add(std::span<const float> candidates, std::span<const float> targets, std::size_t labels);
};

/// What a candidate's share s is worth: the probability that its label applies, the logistic function of
///   a log s - b log(1 - s) + c entropy + d collision + e,   a > 0, b >= 0
/// Beta calibration (Kull, Silva Filho, Flach 2017; b = 0 is Platt 1999) with two numbers of the sample: where a sample has many
/// labels, they share 1 among them, and how widely it is spread says how much a share is worth. The order of a sample's labels
/// stays.
struct Calibration {
  static constexpr std::size_t kTerms = 5, kSize = kTerms + 1;
  static constexpr std::size_t kFewestSamples = 100;  ///< fewer leave an error of some percent

  Array<float> numbers;  ///< a, b, c, d, e, threshold; empty: none

  /// Stays empty where there are too few samples, or if a larger share is no sign of a right label. Sums are taken in the order
  /// of the samples.
  static Calibration fit(const CalibrationExamples& examples);

  bool empty() const noexcept { return numbers.empty(); }
  /// Of a candidate, or of a label behind all of them.
  float probability(float score, const CandidateShares& shares) const noexcept;
  /// Labels of that probability or more have the best F1 (micro) on the examples.
  float threshold() const noexcept { return numbers[kTerms]; }
  /// What keeps the numbers from being a calibration; empty if nothing does. For what was read.
  std::string_view defect() const noexcept;
};

}  // namespace glissade
