#include "engine/ranking/linear_ranker.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace glissade {
namespace {

using Vector = Eigen::Matrix<double, kPathFeatures, 1>;
using Matrix = Eigen::Matrix<double, kPathFeatures, kPathFeatures>;

constexpr int kRounds = 20;
constexpr std::size_t kMostSamples = 5000;
constexpr double kRidge = 1e-3;

Vector path_features(const CandidateFeatures& features) noexcept {
  return Eigen::Map<const Eigen::Matrix<float, kPathFeatures, 1>>(features.data()).cast<double>();
}

/// Sums over the examples of all ranks.
template <class... Numbers>
void add_up(RowShards* shards, double& number, Numbers&... others) {
  if (shards == nullptr) return;
  std::vector<double> all = {number};
  (all.insert(all.end(), others.data(), others.data() + others.size()), ...);
  shards->sum(std::span<double>(all));
  number = all.front();
  const double* from = all.data() + 1;
  ((std::copy_n(from, others.size(), others.data()), from += others.size()), ...);
}

/// Deviation of each feature over all candidates; 1 where it never changes.
Vector deviations(const std::vector<CandidateFeatures>& features, RowShards* shards = nullptr) {
  Vector sum = Vector::Zero(), square = Vector::Zero();
  for (const CandidateFeatures& t : features) {
    const Vector x = path_features(t);
    sum += x;
    square += x.cwiseAbs2();
  }
  auto count = static_cast<double>(features.size());
  add_up(shards, count, sum, square);
  const double n = std::max<double>(1, count);
  const Vector variance = square / n - (sum / n).cwiseAbs2();
  return (variance.array() > 1e-12).select(variance.array().sqrt(), 1.0);
}

/// As RankingSlope, with weights and derivatives in units of the deviations.
struct Slope {
  double loss = 0;
  Vector gradient = Vector::Zero();
  Matrix curvature = Matrix::Zero();  ///< its lower triangle
};

/// Where a sample's candidates are, the sum of their targets, and how much the sample counts.
struct Sample {
  std::size_t first, end;
  double labels, weight;
};

/// One sample's part of the loss, before it is divided by the sum of their weights. `p` is scratch.
void add_sample(const RankingExamples& examples, const Sample& sample, const Vector& unit, const Vector& weights,
                std::vector<double>& p, Slope& slope) {
  const auto [first, end, labels, weight] = sample;
  double highest = -1e300, sum = 0;
  p.resize(end - first);
  for (std::size_t c = first; c < end; ++c)
    highest = std::max(highest, p[c - first] = weights.dot(path_features(examples.features[c]).cwiseQuotient(unit)));
  for (const double z : p) sum += std::exp(z - highest);
  Vector mean = Vector::Zero();
  for (std::size_t c = first; c < end; ++c) {
    const double target = examples.targets[c] / labels, log_share = p[c - first] - highest - std::log(sum);
    const double share = std::exp(log_share);
    const Vector x = path_features(examples.features[c]).cwiseQuotient(unit);
    slope.loss -= weight * target * log_share;
    slope.gradient += weight * (share - target) * x;
    slope.curvature.noalias() += (weight * share * x) * x.transpose();
    mean += share * x;
  }
  slope.curvature.noalias() -= weight * mean * mean.transpose();
}

Slope slope_at(const RankingExamples& examples, const Vector& unit, const Vector& weights, WorkMonitor& monitor,
               RowShards* shards = nullptr) {
  Slope slope;
  std::vector<double> p;
  std::size_t begin = 0;
  double used = 0;
  const std::size_t most = shards == nullptr ? kMostSamples : kMostSamples / static_cast<std::size_t>(shards->size()) + 1;
  for (std::size_t i = 0; i < std::min(most, examples.ends.size()); ++i) {
    Sample sample{begin, examples.ends[i], 0, examples.weights[i]};
    begin = sample.end;
    if (!monitor.advance()) break;
    for (std::size_t c = sample.first; c < sample.end; ++c) sample.labels += examples.targets[c];
    if (sample.labels == 0) continue;
    used += sample.weight;
    add_sample(examples, sample, unit, weights, p, slope);
  }
  Eigen::Matrix<double, 1, 1> loss(slope.loss);
  add_up(shards, used, loss, slope.gradient, slope.curvature);
  slope.loss = loss[0];
  const double n = used > 0 ? used : 1;
  slope.loss = slope.loss / n + 0.5 * kRidge * weights.squaredNorm();
  slope.gradient = slope.gradient / n + kRidge * weights;
  slope.curvature = slope.curvature / n + kRidge * Matrix::Identity();
  return slope;
}

}  // namespace

RankingSlope ranking_slope_at(const RankingExamples& examples, std::span<const double, kPathFeatures> weights) {
  const Vector unit = deviations(examples.features);
  const Slope slope =
      slope_at(examples, unit, Eigen::Map<const Vector>(weights.data()).cwiseProduct(unit), WorkMonitor::silent());
  const Matrix curvature = slope.curvature.selfadjointView<Eigen::Lower>();
  RankingSlope out{.loss = slope.loss};
  for (std::size_t i = 0; i < kPathFeatures; ++i) {
    out.gradient[i] = slope.gradient[i] * unit[i];
    for (std::size_t j = 0; j < kPathFeatures; ++j) out.curvature[i][j] = curvature(i, j) * unit[i] * unit[j];
  }
  return out;
}

void RankingExamples::add(std::span<const CandidateFeatures> candidates, std::span<const std::uint32_t> which,
                          std::span<const float> wanted, float weight) {
  features.insert(features.end(), candidates.begin(), candidates.end());
  labels.insert(labels.end(), which.begin(), which.end());
  targets.insert(targets.end(), wanted.begin(), wanted.end());
  ends.push_back(features.size());
  weights.push_back(weight);
}

void RankingExamples::expect(std::size_t samples) {
  constexpr double kMore = 1.05;  // samples to come may have more candidates
  if (ends.empty() || samples <= ends.size()) return;
  const double share = static_cast<double>(samples) / static_cast<double>(ends.size());
  const auto expected = static_cast<std::size_t>(static_cast<double>(features.size()) * share);
  if (features.capacity() >= expected) return;
  const auto room = static_cast<std::size_t>(static_cast<double>(expected) * kMore);
  features.reserve(room);
  labels.reserve(room);
  targets.reserve(room);
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

LinearRanker LinearRanker::fit(const RankingExamples& examples, WorkMonitor& monitor, RowShards* shards) {
  const Vector unit = deviations(examples.features, shards);
  Vector weights = Vector::Zero();
  weights[static_cast<std::size_t>(CandidateFeature::hidden)] = 0.5 * unit[0];
  Slope slope = slope_at(examples, unit, weights, monitor, shards);
  for (int round = 0; round < kRounds && !monitor.stopped(); ++round) {
    const Vector step = slope.curvature.llt().solve(slope.gradient);
    double length = 1;
    Slope next;
    Vector tried;
    do {
      tried = weights - length * step;
      next = slope_at(examples, unit, tried, monitor, shards);
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
