// Each part of the sparse paths that learns has to pay: held-out P@1 on small planted problems that it alone can solve. Margins
// are such that a part that does nothing, or the opposite, or hardly anything, falls short.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/ranking/ranked_paths.h"
#include "engine/ranking/ranker.h"
#include "engine/sparse_rows/weight_learning.h"
#include "tests/engine/data.h"

namespace glissade::test {
namespace {

/// Share of samples whose label's row has the largest product with them.
double precision(const RankedPaths& paths, const Data& test) {
  std::size_t hits = 0;
  std::vector<float> weighted, x(test.features);
  for (std::size_t i = 0; i < test.size(); ++i) {
    const auto ids = test.x.view().row_ids(i);
    paths.label_rows.weights.weigh(ids, test.x.view().row_values(i), weighted);
    std::ranges::fill(x, 0.f);
    for (std::size_t j = 0; j < ids.size(); ++j) x[ids[j]] = weighted[j];
    float highest = -1e30f;
    std::uint32_t best = 0;
    for (std::uint32_t label = 0; label < test.labels; ++label) {
      float product = 0;
      for (std::uint64_t e = paths.label_rows.rows.offsets[label]; e < paths.label_rows.rows.offsets[label + 1]; ++e)
        product += x[paths.label_rows.rows.ids[e]] * widened(paths.label_rows.rows.values[e]);
      if (product > highest) highest = product, best = label;
    }
    const auto truth = test.y.view().row_ids(i);
    hits += std::ranges::find(truth, best) != truth.end();
  }
  return static_cast<double>(hits) / static_cast<double>(test.size());
}

/// A label is told by one feature of small value among loud ones that mean nothing: sums of samples hear the loud ones.
Data loud(std::size_t samples, std::uint64_t seed) {
  constexpr std::uint32_t kLabels = 30, kLoud = 20;
  Data data{kLabels + kLoud, kLabels, {}, {}};
  hashing::Random random(seed);
  for (std::size_t i = 0; i < samples; ++i) {
    const auto label = static_cast<std::uint32_t>(random.below(kLabels));
    std::vector<std::uint32_t> ids = {label};
    for (const std::uint32_t other : distinct(random, 4, kLoud)) ids.push_back(kLabels + other);
    std::vector<float> values(ids.size(), 1.f);
    values[0] = 0.3f;
    data.x.add(ids, values);
    data.y.add(std::vector<std::uint32_t>{label});
  }
  return data;
}

/// Label rows alone.
RankedPaths paths_of(const Data& data, std::uint32_t row_epochs, std::uint32_t weight_samples) {
  Config config;
  config.sparse_rows.fan_in = 64;
  config.sparse_rows.epochs = row_epochs;
  config.candidates.weight_samples = weight_samples;
  return build_paths(config, data.view(), all_rows(data));
}

/// The label is the candidate with the largest direct + 2 votes_4; what the hidden path says is noise.
RankingExamples told_by_two(std::size_t samples, std::uint64_t seed) {
  RankingExamples examples;
  hashing::Random random(seed);
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<CandidateFeatures> features(10, CandidateFeatures{});
    std::vector<float> targets(features.size());
    const auto merit = [&](std::size_t c) {
      return features[c][CandidateFeature::direct] + 2 * features[c][CandidateFeature::votes_4];
    };
    std::size_t label = 0;
    for (std::size_t c = 0; c < features.size(); ++c) {
      for (std::size_t t = 0; t < kPathFeatures; ++t) features[c][t] = static_cast<float>(random.unit());
      if (merit(c) > merit(label)) label = c;
    }
    targets[label] = 1;
    examples.add(features, std::vector<std::uint32_t>(features.size()), targets);
  }
  return examples;
}

/// The label is the candidate with the largest direct - |votes_2|, both drawn around 0: the linear ranker finds the first half of
/// it.
RankingExamples told_half_by_a_line(std::size_t samples, std::uint64_t seed) {
  RankingExamples examples;
  hashing::Random random(seed);
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<CandidateFeatures> features(10, CandidateFeatures{});
    std::vector<float> targets(features.size());
    const auto merit = [&](std::size_t c) {
      return features[c][CandidateFeature::direct] - std::abs(features[c][CandidateFeature::votes_2]);
    };
    std::size_t label = 0;
    for (std::size_t c = 0; c < features.size(); ++c) {
      features[c][CandidateFeature::direct] = static_cast<float>(random.unit() - 0.5);
      features[c][CandidateFeature::votes_2] = static_cast<float>(2 * random.unit() - 1);
      if (merit(c) > merit(label)) label = c;
    }
    targets[label] = 1;
    examples.add(features, std::vector<std::uint32_t>(features.size()), targets);
  }
  return examples;
}

template <class Score>
double precision(const RankingExamples& examples, const Score& score) {
  std::size_t hits = 0, begin = 0;
  for (const std::size_t end : examples.ends) {
    std::size_t best = begin;
    for (std::size_t c = begin; c < end; ++c) {
      if (score(c) > score(best)) best = c;
    }
    hits += examples.targets[best] > 0;
    begin = end;
  }
  return static_cast<double>(hits) / static_cast<double>(examples.ends.size());
}

}  // namespace

TEST_CASE("trained rows find labels that sums of samples do not", "[unit][levels]") {
  const Data data = loud(1500, 3), test = loud(600, 4);
  const double sums = precision(paths_of(data, 0, 0), test), trained = precision(paths_of(data, 10, 0), test);
  CAPTURE(sums, trained);
  CHECK(sums < 0.45);
  CHECK(trained > 0.7);
}

TEST_CASE("learned weights of features find labels that equal ones do not", "[unit][levels]") {
  const Data data = loud(6000, 5), test = loud(600, 6);
  const double equal = precision(paths_of(data, 0, 0), test), learned = precision(paths_of(data, 0, 6000), test);
  CAPTURE(equal, learned);
  CHECK(equal < 0.65);
  CHECK(learned > 0.95);
}

TEST_CASE("a fitted linear ranker finds labels that the hidden path alone does not", "[unit]") {
  const RankingExamples examples = told_by_two(1000, 7), others = told_by_two(1000, 8);
  const auto held_out = [&](const LinearRanker& linear) {
    return precision(others, [&](std::size_t c) { return linear.score(others.features[c]); });
  };
  const double hidden = held_out(LinearRanker::start()), fitted = held_out(LinearRanker::fit(examples));
  CAPTURE(hidden, fitted);
  CHECK(hidden < 0.2);
  CHECK(fitted > 0.9);
}

TEST_CASE("a ranker finds what the linear ranker misses, beside what the linear ranker finds", "[unit]") {
  const RankingExamples examples = told_half_by_a_line(2000, 9), others = told_half_by_a_line(1000, 10);
  const LinearRanker linear = LinearRanker::fit(examples);
  const Ranker ranker = Ranker::fit(examples, linear, 7);
  std::vector<float> scores(others.features.size());
  RankPass pass;
  ranker.score(others.features, pass, scores.data());
  const double linearly = precision(others, [&](std::size_t c) { return linear.score(others.features[c]); });
  const double ranked = precision(others, [&](std::size_t c) { return scores[c]; });
  CAPTURE(linearly, ranked);
  CHECK(linearly > 0.2);
  CHECK(linearly < 0.6);
  CHECK(ranked > 0.9);
}

TEST_CASE("a ranker's weights begin with each term's mean and what it is to be multiplied with", "[unit]") {
  const RankingExamples examples = told_half_by_a_line(500, 11);
  const Ranker ranker = Ranker::fit(examples, LinearRanker::start(), 7);
  constexpr std::size_t kSaid = kCandidateFeatures - kNameFeatures;  // names say nothing here
  REQUIRE(ranker.weights.size() == Ranker::kSizeWithoutNames);
  for (std::size_t t = 0; t < kSaid; ++t) {
    double sum = 0, square = 0;
    for (const CandidateFeatures& features : examples.features) sum += features[t], square += double{features[t]} * features[t];
    const double n = static_cast<double>(examples.features.size()), mean = sum / n, variance = square / n - mean * mean;
    CAPTURE(t);
    CHECK(ranker.weights[t] == Approx(mean).margin(1e-6));
    CHECK(ranker.weights[kSaid + t] == Approx(variance > 1e-9 ? 1 / std::sqrt(variance) : 0.0));
  }
}

}  // namespace glissade::test
