// The fits of blend and ranker where a wrong step, or a wrong weight of a sample, would show.
#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include "engine/ranking/ranker.h"
#include "hashing/seeds.h"

namespace glissade::test {

TEST_CASE("a blend of terms that nearly say the same is fitted to the end in few steps", "[unit]") {
  BlendExamples examples;
  hashing::Random random(12);
  for (int sample = 0; sample < 600; ++sample) {
    std::vector<Terms> terms(6, Terms{});
    std::vector<double> odds(terms.size());
    double sum = 0;
    for (std::size_t c = 0; c < terms.size(); ++c) {
      const double common = 4 * random.unit();
      double merit = 0;
      for (std::size_t t = 0; t < kPathTerms; ++t) {
        terms[c][t] = static_cast<float>(common + (0.3 + 0.1 * static_cast<double>(t)) * random.unit());
        merit += (t % 2 == 0 ? 1.5 : -1.3) * terms[c][t];
      }
      sum += odds[c] = std::exp(merit);
    }
    std::vector<float> targets(terms.size());
    double drawn = random.unit() * sum;
    std::size_t label = 0;
    while (label + 1 < odds.size() && (drawn -= odds[label]) > 0) ++label;
    targets[label] = 1;
    examples.add(terms, std::vector<std::uint32_t>(terms.size()), targets);
  }
  const Blend blend = Blend::fit(examples);
  const std::vector<double> weights(blend.weights.data(), blend.weights.data() + kPathTerms);
  const BlendSlope slope = blend_slope_at(examples, std::span<const double, kPathTerms>(weights));
  for (std::size_t t = 0; t < kPathTerms; ++t) {
    CAPTURE(t);
    CHECK(slope.gradient[t] == Approx(0).margin(2e-5));
    CHECK(std::abs(weights[t]) > 0.3);
  }
}

TEST_CASE("to a ranker a sample of n labels weighs as much as the root of n samples of one", "[unit]") {
  // Samples of one label want the first term up, samples of nine want it down: for each of these there are six of the others.
  BlendExamples examples;
  for (int sample = 0; sample < 350; ++sample) {
    const bool one = sample % 7 != 0;
    std::vector<Terms> terms(16, Terms{});
    std::vector<float> targets(16);
    for (std::size_t c = 0; c < 16; ++c) {
      targets[c] = c < (one ? 1u : 9u) ? 1.f : 0.f;
      terms[c][static_cast<std::size_t>(Term::direct)] = (targets[c] > 0) == one ? 1.f : 0.f;
    }
    examples.add(terms, std::vector<std::uint32_t>(16), targets);
  }
  const Ranker ranker = Ranker::fit(examples, Blend::start(), 7);
  std::vector<Terms> terms(2, Terms{});
  terms[1][static_cast<std::size_t>(Term::direct)] = 1.f;
  float scores[2];
  RankPass pass;
  ranker.score(terms, pass, scores);
  CHECK(scores[1] > scores[0]);
}

}  // namespace glissade::test
