// The fits of linear and ranker where a wrong step, or a wrong weight of a sample, would show.
#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include "engine/ranking/ranker.h"
#include "hashing/seeds.h"

namespace glissade::test {

TEST_CASE("a linear of features that nearly say the same is fitted to the end in few steps", "[unit]") {
  RankingExamples examples;
  hashing::Random random(12);
  for (int sample = 0; sample < 600; ++sample) {
    std::vector<CandidateFeatures> features(6, CandidateFeatures{});
    std::vector<double> odds(features.size());
    double sum = 0;
    for (std::size_t c = 0; c < features.size(); ++c) {
      const double common = 4 * random.unit();
      double merit = 0;
      for (std::size_t t = 0; t < kPathFeatures; ++t) {
        features[c][t] = static_cast<float>(common + (0.3 + 0.1 * static_cast<double>(t)) * random.unit());
        merit += (t % 2 == 0 ? 1.5 : -1.3) * features[c][t];
      }
      sum += odds[c] = std::exp(merit);
    }
    std::vector<float> targets(features.size());
    double drawn = random.unit() * sum;
    std::size_t label = 0;
    while (label + 1 < odds.size() && (drawn -= odds[label]) > 0) ++label;
    targets[label] = 1;
    examples.add(features, std::vector<std::uint32_t>(features.size()), targets);
  }
  const LinearRanker linear = LinearRanker::fit(examples);
  const std::vector<double> weights(linear.weights.data(), linear.weights.data() + kPathFeatures);
  const RankingSlope slope = ranking_slope_at(examples, std::span<const double, kPathFeatures>(weights));
  for (std::size_t t = 0; t < kPathFeatures; ++t) {
    CAPTURE(t);
    CHECK(slope.gradient[t] == Approx(0).margin(2e-5));
    CHECK(std::abs(weights[t]) > 0.3);
  }
}

TEST_CASE("to a ranker a sample of n labels weighs as much as the root of n samples of one", "[unit]") {
  // Samples of one label want the first feature up, samples of nine want it down: for each of these there are six of the others.
  RankingExamples examples;
  for (int sample = 0; sample < 350; ++sample) {
    const bool one = sample % 7 != 0;
    std::vector<CandidateFeatures> features(16, CandidateFeatures{});
    std::vector<float> targets(16);
    for (std::size_t c = 0; c < 16; ++c) {
      targets[c] = c < (one ? 1u : 9u) ? 1.f : 0.f;
      features[c][CandidateFeature::direct] = (targets[c] > 0) == one ? 1.f : 0.f;
    }
    examples.add(features, std::vector<std::uint32_t>(16), targets);
  }
  const Ranker ranker = Ranker::fit(examples, LinearRanker::start(), 7);
  std::vector<CandidateFeatures> features(2, CandidateFeatures{});
  features[1][CandidateFeature::direct] = 1.f;
  float scores[2];
  RankPass pass;
  ranker.score(features, pass, scores);
  CHECK(scores[1] > scores[0]);
}

TEST_CASE("room for expected examples is made once, and changes none of them", "[unit]") {
  RankingExamples examples, plain;
  const auto add = [](RankingExamples& to, std::size_t sample) {
    std::vector<CandidateFeatures> features(20 + sample % 3, CandidateFeatures{});
    for (CandidateFeatures& one : features) one[0] = static_cast<float>(sample);
    to.add(features, std::vector<std::uint32_t>(features.size(), 7), std::vector<float>(features.size(), 1.f), 2.f);
  };
  examples.expect(1000);  // of none it says nothing
  CHECK(examples.features.capacity() == 0);
  for (std::size_t sample = 0; sample < 30; ++sample) add(examples, sample);
  examples.expect(1000);
  const CandidateFeatures* const place = examples.features.data();
  const std::uint32_t* const labels = examples.labels.data();
  const float* const targets = examples.targets.data();
  CHECK(examples.features.capacity() < 1000 * 22 * 1.1);
  for (std::size_t sample = 30; sample < 1000; ++sample) {
    add(examples, sample);
    if (sample % 100 == 0) examples.expect(1000);
  }
  CHECK(examples.features.data() == place);
  CHECK(examples.labels.data() == labels);
  CHECK(examples.targets.data() == targets);
  for (std::size_t sample = 0; sample < 1000; ++sample) add(plain, sample);
  CHECK(examples.features == plain.features);
  CHECK(examples.ends == plain.ends);
}

}  // namespace glissade::test
