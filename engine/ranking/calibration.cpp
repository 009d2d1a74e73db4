#include "engine/ranking/calibration.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr int kNewtonRounds = 50;
constexpr double kPriorRidge = 1e-3;
constexpr float kLargest = -1e-6f;  ///< of a log share, so that 1 less the share has a logarithm

using TermVector = Eigen::Matrix<double, Calibration::kTerms, 1>;
using TermMatrix = Eigen::Matrix<double, Calibration::kTerms, Calibration::kTerms>;

/// What the coefficients are of.
std::array<float, Calibration::kTerms> terms_of(float score, const CandidateShares& shares) noexcept {
  const float log_share = std::min(score - shares.log_sum, kLargest);
  return {log_share, -std::log(-std::expm1(log_share)), shares.entropy, shares.collision, 1.f};
}

/// Logistic regression of `right` on the terms. Newton's method with a little ridge; steps are halved until the loss falls.
class Regression {
 public:
  /// Without `with_rest` the second coefficient stays 0.
  Regression(const CalibrationExamples& examples, bool with_rest) : right_(examples.right), with_rest_(with_rest) {
    for (std::size_t i = 0; i < right_.size(); ++i) {
      const auto terms = terms_of(examples.scores[i], examples.shares[i]);
      TermVector x = Eigen::Map<const Eigen::Matrix<float, Calibration::kTerms, 1>>(terms.data()).cast<double>();
      if (!with_rest) x[1] = 0;
      terms_.push_back(x);
    }
  }

  TermVector fit() const {
    TermVector now = prior();
    double loss = at(now, nullptr, nullptr);
    for (int round = 0; round < kNewtonRounds; ++round) {
      TermVector gradient;
      TermMatrix curvature;
      at(now, &gradient, &curvature);
      const TermVector step = curvature.llt().solve(gradient);
      double length = 1, next = loss;
      for (; length > 1e-4; length /= 2) {
        next = at(now - length * step, nullptr, nullptr);
        if (next < loss) break;
      }
      if (!(next < loss - 1e-9)) break;
      now -= length * step;
      loss = next;
    }
    return now;
  }

 private:
  TermVector prior() const {
    TermVector prior = TermVector::Zero();
    prior[0] = 1;
    if (with_rest_) prior[1] = 1;  // together the log-odds of the share
    return prior;
  }

  /// The loss, and its derivatives if they are asked for.
  double at(const TermVector& numbers, TermVector* gradient, TermMatrix* curvature) const {
    const TermVector off = numbers - prior();
    double loss = 0.5 * kPriorRidge * off.squaredNorm();
    if (gradient != nullptr) *gradient = kPriorRidge * off, *curvature = kPriorRidge * TermMatrix::Identity();
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      const double z = numbers.dot(terms_[i]), sign = right_[i] ? -1 : 1;
      loss += std::max(0.0, sign * z) + std::log1p(std::exp(-std::abs(z)));
      if (gradient == nullptr) continue;
      const double p = 1 / (1 + std::exp(-z));
      *gradient += (p - (right_[i] ? 1 : 0)) * terms_[i];
      *curvature += p * (1 - p) * terms_[i] * terms_[i].transpose();
    }
    return loss;
  }

  const std::vector<bool>& right_;
  bool with_rest_;
  std::vector<TermVector> terms_;
};

/// The probability of the last answer that is worth giving.
float best_threshold(const std::vector<float>& probabilities, const CalibrationExamples& examples) {
  std::vector<std::uint32_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(-probabilities[i], i); });
  double right = 0, best = -1;
  float threshold = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    right += examples.right[order[i]] ? 1 : 0;
    const bool last = i + 1 == order.size() || probabilities[order[i + 1]] != probabilities[order[i]];
    const double f1 = 2 * right / static_cast<double>(i + 1 + examples.true_labels);
    if (!last || f1 <= best) continue;
    best = f1;
    threshold = probabilities[order[i]];
  }
  return threshold;
}

}  // namespace

CandidateShares CandidateShares::of(std::span<const float> scores) noexcept {
  if (scores.empty()) return {};
  CandidateShares out;
  out.log_sum = simd::kernels().logsumexp_f32(scores.data(), scores.size());
  double entropy = 0, squares = 0;
  for (const float score : scores) {
    const double log_share = double{score} - double{out.log_sum}, share = std::exp(log_share);
    entropy -= share * log_share;
    squares += share * share;
  }
  out.entropy = static_cast<float>(entropy);
  out.collision = static_cast<float>(-std::log(squares));
  return out;
}

void CalibrationExamples::add(std::span<const float> candidates, std::span<const float> targets, std::size_t labels) {
  ++samples;
  true_labels += labels;
  std::array<std::uint32_t, kAnswers> places;
  std::array<float, kAnswers> best;
  const CandidateShares of_sample = CandidateShares::of(candidates);
  const std::size_t count = simd::kernels().topk_f32(candidates.data(), candidates.size(), kAnswers, places.data(), best.data());
  for (std::size_t i = 0; i < count; ++i) {
    scores.push_back(best[i]);
    shares.push_back(of_sample);
    right.push_back(targets[places[i]] != 0);
  }
}

Calibration Calibration::fit(const CalibrationExamples& examples) {
  Calibration calibration;
  if (examples.samples < kFewestSamples || examples.scores.empty()) return calibration;
  TermVector numbers = Regression(examples, true).fit();
  // Below 0 it would take more from a label the surer it is.
  if (numbers[1] < 0) numbers = Regression(examples, false).fit();
  if (!(numbers[0] > 0) || !numbers.allFinite()) return calibration;
  calibration.numbers = Array<float>(kSize);
  for (std::size_t i = 0; i < kTerms; ++i) calibration.numbers[i] = static_cast<float>(numbers[static_cast<Eigen::Index>(i)]);
  std::vector<float> probabilities;
  for (std::size_t i = 0; i < examples.scores.size(); ++i)
    probabilities.push_back(calibration.probability(examples.scores[i], examples.shares[i]));
  calibration.numbers[kTerms] = best_threshold(probabilities, examples);
  return calibration;
}

float Calibration::probability(float score, const CandidateShares& shares) const noexcept {
  const auto terms = terms_of(score, shares);
  float z = 0;
  for (std::size_t i = 0; i < kTerms; ++i) z += numbers[i] * terms[i];
  return 1.f / (1.f + std::exp(-z));
}

std::string_view Calibration::defect() const noexcept {
  if (empty()) return {};
  constexpr std::string_view kNone = "its calibration is none";
  if (numbers.size() != kSize) return kNone;
  for (std::size_t i = 0; i < kSize; ++i) {
    if (!std::isfinite(numbers[i])) return kNone;
  }
  return numbers[0] > 0 && numbers[1] >= 0 && threshold() >= 0 && threshold() <= 1 ? "" : kNone;
}

}  // namespace glissade
