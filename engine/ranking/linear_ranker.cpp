#include "engine/ranking/linear_ranker.h"

#include <algorithm>
#include <cmath>

namespace glissade {
namespace {

using Vector = std::array<double, kPathFeatures>;
using Matrix = std::array<Vector, kPathFeatures>;

constexpr int kRounds = 20;
constexpr std::size_t kMostSamples = 5000;
constexpr double kRidge = 1e-3;

/// Solves a x = b for a positive definite `a`, by Cholesky.
Vector solve(Matrix a, Vector b) {
  for (std::size_t i = 0; i < kPathFeatures; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i][k] * a[j][k];
      a[i][j] = i == j ? std::sqrt(sum) : sum / a[j][j];
    }
  }
  for (std::size_t i = 0; i < kPathFeatures; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = kPathFeatures; i-- > 0;) {
    for (std::size_t k = i + 1; k < kPathFeatures; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

/// Deviation of each feature over all candidates; 1 where it never changes.
Vector deviations(const std::vector<CandidateFeatures>& features) {
  Vector sum{}, square{}, out;
  for (const CandidateFeatures& t : features) {
    for (std::size_t i = 0; i < kPathFeatures; ++i) {
      sum[i] += t[i];
      square[i] += double{t[i]} * t[i];
    }
  }
  const double n = std::max<double>(1, static_cast<double>(features.size()));
  for (std::size_t i = 0; i < kPathFeatures; ++i) {
    const double variance = square[i] / n - (sum[i] / n) * (sum[i] / n);
    out[i] = variance > 1e-12 ? std::sqrt(variance) : 1.0;
  }
  return out;
}

/// Here weights and derivatives are in units of the deviations.
using Slope = RankingSlope;

Slope slope_at(const RankingExamples& examples, const Vector& unit, const Vector& weights, WorkMonitor& monitor) {
  Slope slope;
  std::vector<double> p;
  std::size_t begin = 0, used = 0;
  for (const std::size_t end : std::span(examples.ends).first(std::min(kMostSamples, examples.ends.size()))) {
    const std::size_t first = begin;
    begin = end;
    if (!monitor.advance()) break;
    double labels = 0, highest = -1e300, sum = 0;
    p.resize(end - first);
    for (std::size_t c = first; c < end; ++c) {
      labels += examples.targets[c];
      double z = 0;
      for (std::size_t i = 0; i < kPathFeatures; ++i) z += weights[i] * examples.features[c][i] / unit[i];
      highest = std::max(highest, p[c - first] = z);
    }
    if (labels == 0) continue;
    ++used;
    for (const double z : p) sum += std::exp(z - highest);
    Vector mean{};
    for (std::size_t c = first; c < end; ++c) {
      double& share = p[c - first];
      const double target = examples.targets[c] / labels, log_share = share - highest - std::log(sum);
      share = std::exp(log_share);
      slope.loss -= target * log_share;
      for (std::size_t i = 0; i < kPathFeatures; ++i) {
        const double x = examples.features[c][i] / unit[i];
        mean[i] += share * x;
        slope.gradient[i] += (share - target) * x;
        for (std::size_t j = 0; j <= i; ++j) slope.curvature[i][j] += share * x * (examples.features[c][j] / unit[j]);
      }
    }
    for (std::size_t i = 0; i < kPathFeatures; ++i) {
      for (std::size_t j = 0; j <= i; ++j) slope.curvature[i][j] -= mean[i] * mean[j];
    }
  }
  const double n = std::max<double>(1, static_cast<double>(used));
  slope.loss /= n;
  for (std::size_t i = 0; i < kPathFeatures; ++i) {
    slope.gradient[i] = slope.gradient[i] / n + kRidge * weights[i];
    slope.loss += 0.5 * kRidge * weights[i] * weights[i];
    for (std::size_t j = 0; j <= i; ++j) {
      slope.curvature[i][j] = slope.curvature[i][j] / n + (i == j ? kRidge : 0.0);
      slope.curvature[j][i] = slope.curvature[i][j];
    }
  }
  return slope;
}

}  // namespace

RankingSlope ranking_slope_at(const RankingExamples& examples, std::span<const double, kPathFeatures> weights) {
  const Vector unit = deviations(examples.features);
  Vector scaled;
  for (std::size_t i = 0; i < kPathFeatures; ++i) scaled[i] = weights[i] * unit[i];
  Slope slope = slope_at(examples, unit, scaled, WorkMonitor::silent());
  for (std::size_t i = 0; i < kPathFeatures; ++i) {
    slope.gradient[i] *= unit[i];
    for (std::size_t j = 0; j < kPathFeatures; ++j) slope.curvature[i][j] *= unit[i] * unit[j];
  }
  return slope;
}

void RankingExamples::add(std::span<const CandidateFeatures> candidates, std::span<const std::uint32_t> which,
                          std::span<const float> wanted) {
  features.insert(features.end(), candidates.begin(), candidates.end());
  labels.insert(labels.end(), which.begin(), which.end());
  targets.insert(targets.end(), wanted.begin(), wanted.end());
  ends.push_back(features.size());
}

std::uint64_t LinearRanker::work(const RankingExamples& examples) noexcept {
  constexpr std::uint64_t kUsualRounds = 12;
  return kUsualRounds * std::min(kMostSamples, examples.ends.size());
}

LinearRanker LinearRanker::start() {
  LinearRanker linear;
  linear.weights = Array<float>(kPathFeatures);
  linear.weights[static_cast<std::size_t>(CandidateFeature::hidden)] = 1.f;
  return linear;
}

LinearRanker LinearRanker::fit(const RankingExamples& examples, WorkMonitor& monitor) {
  const Vector unit = deviations(examples.features);
  Vector weights{};
  weights[static_cast<std::size_t>(CandidateFeature::hidden)] = 0.5 * unit[0];
  Slope slope = slope_at(examples, unit, weights, monitor);
  for (int round = 0; round < kRounds && !monitor.stopped(); ++round) {
    const Vector step = solve(slope.curvature, slope.gradient);
    double length = 1;
    Slope next;
    Vector tried;
    do {
      for (std::size_t i = 0; i < kPathFeatures; ++i) tried[i] = weights[i] - length * step[i];
      next = slope_at(examples, unit, tried, monitor);
      length /= 2;
    } while (next.loss > slope.loss && length > 1e-3 && !monitor.stopped());
    if (next.loss > slope.loss - 1e-7) break;
    weights = tried;
    slope = next;
  }
  LinearRanker linear;
  linear.weights = Array<float>(kPathFeatures);
  for (std::size_t i = 0; i < kPathFeatures; ++i) linear.weights[i] = static_cast<float>(weights[i] / unit[i]);
  return linear;
}

float LinearRanker::score(const CandidateFeatures& features) const noexcept {
  float sum = 0;
  for (std::size_t i = 0; i < kPathFeatures; ++i) sum += weights[i] * features[i];
  return sum;
}

}  // namespace glissade
