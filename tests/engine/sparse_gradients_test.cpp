// What the sparse paths follow when they learn, against central differences of losses that are written down here once more, in
// double and from the definitions: rows, weights of features, linear, ranker.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "engine/losses/label_weights.h"
#include "engine/ranking/linear_ranker.h"
#include "engine/ranking/ranked_paths.h"
#include "engine/ranking/ranker.h"
#include "engine/sparse_rows/label_rows.h"
#include "engine/sparse_rows/row_training.h"
#include "engine/sparse_rows/weight_learning.h"
#include "tests/engine/data.h"

namespace glissade::test {
namespace {

constexpr double kSharpness = 30;

double widen(std::uint16_t bits) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16); }

/// A sample as the paths see it, spread over all features.
std::vector<double> spread(const Data& data, const FeatureWeights& weights, std::size_t row) {
  std::vector<float> weighted;
  weights.weigh(data.x.view().row_ids(row), data.x.view().row_values(row), weighted);
  std::vector<double> x(data.features);
  for (std::size_t j = 0; j < weighted.size(); ++j) x[data.x.view().row_ids(row)[j]] = weighted[j];
  return x;
}

/// The decoupled softmax: each label against all that are none, weighted by `targets` of the labels, which come first.
double decoupled_loss(const std::vector<double>& z, const std::vector<double>& targets) {
  double others = 0, loss = 0;
  for (std::size_t c = targets.size(); c < z.size(); ++c) others += std::exp(z[c]);
  for (std::size_t c = 0; c < targets.size(); ++c) loss += targets[c] * (std::log(std::exp(z[c]) + others) - z[c]);
  return loss;
}

/// Central difference of `loss` by `value`.
double difference(double& value, double step, const std::function<double()>& loss) {
  const double before = value;
  value = before + step;
  const double above = loss();
  value = before - step;
  const double below = loss();
  value = before;
  return (above - below) / (2 * step);
}

/// Few labels, so that all of them are candidates; two labels a sample, features shared among labels.
Data crowded(std::size_t samples, std::uint64_t seed) {
  Data data{30, 12, {}, {}};
  hashing::Random random(seed);
  for (std::size_t i = 0; i < samples; ++i) {
    const auto labels = distinct(random, 1 + random.below(2), data.labels);
    std::set<std::uint32_t> features;
    for (const std::uint32_t label : labels) features.insert({label, 12 + label % 5, 17 + label % 3});
    for (int j = 0; j < 3; ++j) features.insert(static_cast<std::uint32_t>(random.below(data.features)));
    const std::vector<std::uint32_t> ids(features.begin(), features.end());
    std::vector<float> values(ids.size());
    for (float& value : values) value = static_cast<float>(0.3 + random.unit());
    data.x.add(ids, values);
    data.y.add(labels);
  }
  return data;
}

/// What a label's row says of one of its own samples, had that not been among those that made it, less what it says with it.
double change_without(const Data& data, const FeatureWeights& weights, const LabelRows& made, std::size_t row,
                      std::uint32_t label) {
  const std::vector<double> x = spread(data, weights, row);
  double start = 0, own = 0, square = 0;
  std::vector<double> sum(data.features);
  for (std::size_t other = 0; other < data.size(); ++other) {
    if (std::ranges::find(data.y.view().row_ids(other), label) == data.y.view().row_ids(other).end() || other == row) continue;
    const std::vector<double> y = spread(data, weights, other);
    for (std::size_t f = 0; f < y.size(); ++f) sum[f] += y[f];
  }
  for (const double entry : sum) square += entry * entry;
  const std::uint32_t count = made.counts[label];
  const double scale = square > 0 ? std::pow(static_cast<double>(count), LabelRows::kCommonness) / std::sqrt(square) : 0;
  for (std::uint64_t j = made.rows.offsets[label]; j < made.rows.offsets[label + 1]; ++j) {
    start += x[made.rows.ids[j]] * widen(made.rows.values[j]);
    own += x[made.rows.ids[j]] * scale * sum[made.rows.ids[j]];
  }
  return (count > 1 ? own : 0) - start;
}

/// The labels of a sample, then all others.
std::vector<std::uint32_t> labels_first(const Data& data, std::size_t row) {
  const auto truth = data.y.view().row_ids(row);
  std::vector<std::uint32_t> labels(truth.begin(), truth.end());
  for (std::uint32_t label = 0; label < data.labels; ++label) {
    if (std::ranges::find(truth, label) == truth.end()) labels.push_back(label);
  }
  return labels;
}

}  // namespace

TEST_CASE("sparse rows follow the gradient of the decoupled softmax, each sample left out of its own labels' rows",
          "[unit][levels]") {
  const LabelWeights weighting = GENERATE(LabelWeights::equal, LabelWeights::propensity);
  const Data data = crowded(60, 3);
  Config config;
  config.network.label_weights = weighting;
  RankedPaths paths;
  paths.label_rows.weights = FeatureWeights(SparseWeighting::given, data.view());
  const std::vector<std::uint32_t> all = all_rows(data);
  const DatasetView view = data.view();
  const LabelRows made = label_rows(view, all, paths.label_rows.weights, 64);
  paths.label_rows.rows = label_rows(view, all, paths.label_rows.weights, 64).rows;
  paths.label_rows.row_index = FeatureIndex(paths.label_rows.rows, data.features);
  RowTraining training(config, view, all, made,
                       {paths.label_rows.weights, paths.label_rows.rows, paths.label_rows.row_index, paths.label_rows.row_state});
  hashing::Random random(9);
  std::vector<float> values(paths.label_rows.rows.entries());
  for (std::size_t j = 0; j < values.size(); ++j)
    values[j] = static_cast<float>(widen(paths.label_rows.rows.values[j]) + 0.1 * (random.unit() - 0.5));
  const std::vector<float> target_weights = label_weights(config, made.counts, all.size());
  std::size_t compared = 0;
  for (std::uint32_t place = 0; place < data.size(); place += 7) {
    const std::vector<double> x = spread(data, paths.label_rows.weights, place);
    const std::vector<std::uint32_t> labels = labels_first(data, place);
    const std::size_t truths = data.y.view().row_ids(place).size();
    std::vector<double> changes(truths), targets(truths);
    for (std::size_t c = 0; c < truths; ++c) {
      changes[c] = change_without(data, paths.label_rows.weights, made, place, labels[c]);
      targets[c] = (target_weights.empty() ? 1.0 : target_weights[labels[c]]) / static_cast<double>(truths);
    }
    std::vector<double> at(values.begin(), values.end());
    const auto loss = [&] {
      std::vector<double> z(labels.size());
      for (std::size_t c = 0; c < labels.size(); ++c) {
        for (std::uint64_t j = paths.label_rows.rows.offsets[labels[c]]; j < paths.label_rows.rows.offsets[labels[c] + 1]; ++j)
          z[c] += kSharpness * x[paths.label_rows.rows.ids[j]] * at[j];
        if (c < truths) z[c] += kSharpness * changes[c];
      }
      return decoupled_loss(z, targets);
    };
    const std::vector<float> gradient = training.gradient_at(place, values);
    for (std::size_t j = 0; j < gradient.size(); ++j) {
      CAPTURE(place, j);
      CHECK(gradient[j] == Approx(difference(at[j], 1e-4, loss) / kSharpness).epsilon(0.07).margin(3e-4));
      compared += std::abs(gradient[j]) > 3e-3;
    }
  }
  CHECK(compared > 100);
}

TEST_CASE("weights of features follow the gradient of the decoupled softmax", "[unit][levels]") {
  const Data data = crowded(60, 4);
  const FeatureWeights weights(SparseWeighting::given, data.view());
  const std::vector<std::uint32_t> all = all_rows(data);
  const LabelRows made = label_rows(data.view(), all, weights, 256);
  hashing::Random random(9);
  std::vector<float> logs(data.features);
  for (float& log : logs) log = static_cast<float>(0.6 * (random.unit() - 0.5));
  std::size_t compared = 0;
  for (std::uint32_t place = 0; place < data.size(); place += 7) {
    const std::vector<double> x = spread(data, weights, place);
    const std::vector<std::uint32_t> labels = labels_first(data, place);
    const std::size_t truths = data.y.view().row_ids(place).size();
    std::vector<double> at(logs.begin(), logs.end());
    const auto loss = [&] {
      std::vector<double> z;
      for (const std::uint32_t label : labels) {
        std::vector<double> sum(data.features);
        double square = 0, count = 0, logit = 0;
        for (std::size_t other = 0; other < data.size(); ++other) {
          const auto its = data.y.view().row_ids(other);
          if (other == place || std::ranges::find(its, label) == its.end()) continue;
          const std::vector<double> y = spread(data, weights, other);
          for (std::size_t f = 0; f < y.size(); ++f) sum[f] += y[f];
          ++count;
        }
        for (const double entry : sum) square += entry * entry;
        const double scale = square > 0 ? std::pow(count + 1, LabelRows::kCommonness) / std::sqrt(square) : 0;
        for (std::size_t f = 0; f < sum.size(); ++f) logit += std::exp(2 * at[f]) * x[f] * scale * sum[f];
        z.push_back(kSharpness * logit);
      }
      return decoupled_loss(z, std::vector<double>(truths, 1.0 / static_cast<double>(truths)));
    };
    const std::vector<float> gradient = weight_gradient_at(Config{}, data.view(), all, weights, place, logs);
    for (std::size_t f = 0; f < gradient.size(); ++f) {
      CAPTURE(place, f);
      CHECK(gradient[f] == Approx(difference(at[f], 1e-4, loss)).epsilon(0.06).margin(0.02));
      compared += std::abs(gradient[f]) > 0.2;
    }
  }
  CHECK(compared > 20);
}

namespace {

RankingExamples drawn_examples(std::size_t samples, std::uint64_t seed) {
  RankingExamples examples;
  hashing::Random random(seed);
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<CandidateFeatures> features(3 + random.below(4));
    std::vector<float> targets(features.size());
    for (std::size_t c = 0; c < features.size(); ++c) {
      for (std::size_t t = 0; t < kCandidateFeatures; ++t)
        features[c][t] = static_cast<float>((1.0 + static_cast<double>(t)) * (random.unit() - 0.3));
      targets[c] = random.below(3) == 0 ? static_cast<float>(0.5 + random.unit()) : 0.f;
    }
    if (i % 10 == 9) std::ranges::fill(targets, 0.f);  // samples without a label among their candidates say nothing
    examples.add(features, std::vector<std::uint32_t>(features.size()), targets);
  }
  return examples;
}

/// The cross entropy of samples' targets, each sample's adding up to 1, and the ridge.
double ranking_loss(const RankingExamples& examples, const std::vector<double>& weights) {
  double loss = 0, used = 0;
  std::size_t begin = 0;
  for (const std::size_t end : examples.ends) {
    double sum = 0, targets = 0, wanted = 0;
    for (std::size_t c = begin; c < end; ++c) {
      double z = 0;
      for (std::size_t t = 0; t < kPathFeatures; ++t) z += weights[t] * examples.features[c][t];
      sum += std::exp(z);
      targets += examples.targets[c];
      wanted += examples.targets[c] * z;
    }
    if (targets > 0) loss += std::log(sum) - wanted / targets;
    used += targets > 0;
    begin = end;
  }
  loss /= used;
  for (std::size_t t = 0; t < kPathFeatures; ++t) {
    double sum = 0, square = 0;
    for (const CandidateFeatures& features : examples.features) {
      sum += features[t];
      square += double{features[t]} * features[t];
    }
    const double n = static_cast<double>(examples.features.size());
    loss += 0.5e-3 * weights[t] * weights[t] * (square / n - sum / n * (sum / n));
  }
  return loss;
}

}  // namespace

TEST_CASE("the linear ranker's loss, gradient and curvature are those of its definition", "[unit]") {
  const RankingExamples examples = drawn_examples(200, 6);
  std::vector<double> weights = {0.4, -0.2, 0.1, 0.05, -0.15, 0.2, 0.02, -0.04};
  REQUIRE(weights.size() == kPathFeatures);
  const auto slope = [&] { return ranking_slope_at(examples, std::span<const double, kPathFeatures>(weights)); };
  const RankingSlope here = slope();
  CHECK(here.loss == Approx(ranking_loss(examples, weights)).epsilon(1e-9));
  for (std::size_t i = 0; i < kPathFeatures; ++i) {
    CAPTURE(i);
    CHECK(here.gradient[i] ==
          Approx(difference(weights[i], 1e-5, [&] { return ranking_loss(examples, weights); })).epsilon(1e-5).margin(1e-8));
    for (std::size_t j = 0; j < kPathFeatures; ++j) {
      CAPTURE(j);
      CHECK(here.curvature[i][j] ==
            Approx(difference(weights[j], 1e-5, [&] { return slope().gradient[i]; })).epsilon(1e-5).margin(1e-8));
    }
  }
}

TEST_CASE("a fitted linear ranker is where the loss is least", "[unit]") {
  const RankingExamples examples = drawn_examples(400, 7);
  const LinearRanker linear = LinearRanker::fit(examples);
  std::vector<double> weights(linear.weights.data(), linear.weights.data() + kPathFeatures);
  const double least = ranking_loss(examples, weights);
  for (std::size_t i = 0; i < kPathFeatures; ++i) {
    CAPTURE(i);
    CHECK(difference(weights[i], 1e-4, [&] { return ranking_loss(examples, weights); }) == Approx(0).margin(2e-3));
    for (const double step : {-0.05, 0.05}) {
      std::vector<double> aside = weights;
      aside[i] += step;
      CHECK(ranking_loss(examples, aside) > least);
    }
  }
}

TEST_CASE("a ranker follows the gradient of its loss", "[unit]") {
  hashing::Random random(8);
  for (int round = 0; round < 20; ++round) {
    std::vector<float> z(3 + random.below(6)), targets(z.size());
    for (float& score : z) score = static_cast<float>(6 * (random.unit() - 0.5));
    const std::size_t labels = 1 + random.below(z.size() - 1);
    for (std::size_t c = 0; c < labels; ++c) targets[c] = static_cast<float>(0.5 + random.unit());
    const double weight = 0.7;
    std::vector<double> at(z.begin(), z.end()), wanted(targets.begin(), targets.begin() + static_cast<std::ptrdiff_t>(labels));
    for (double& target : wanted) target *= weight;
    std::vector<float> by_score(z.size());
    differentiate_ranking(z, targets, static_cast<float>(weight), by_score.data());
    for (std::size_t c = 0; c < z.size(); ++c) {
      CAPTURE(round, c);
      CHECK(by_score[c] ==
            Approx(difference(at[c], 1e-4, [&] { return decoupled_loss(at, wanted); })).epsilon(1e-4).margin(1e-5));
    }
  }
}

TEST_CASE("a ranker's gradient is finite where scores are far apart", "[unit]") {
  const std::vector<float> z = {500.f, -500.f, 400.f}, targets = {1.f, 0.f, 0.f};
  std::vector<float> by_score(3);
  differentiate_ranking(z, targets, 1.f, by_score.data());
  CHECK(std::ranges::all_of(by_score, [](float by) { return std::isfinite(by); }));
  const std::vector<float> reversed = {0.f, 1.f, 0.f};
  differentiate_ranking(z, reversed, 1.f, by_score.data());
  CHECK(by_score[0] == Approx(1));
  CHECK(by_score[1] == Approx(-1));
}

}  // namespace glissade::test
