// Weights of labels as targets of the loss.
#include "engine/losses/label_weights.h"

#include <glissade/metrics.h>
#include <catch2/catch.hpp>

#include <numeric>
#include <vector>

namespace glissade::test {

TEST_CASE("by propensity a label weighs in inverse proportion to it, and labels of the training data 1 on average", "[unit]") {
  const std::vector<std::uint32_t> counts = {500, 3, 0, 40, 1};
  Config config;
  config.network.label_weights = LabelWeights::propensity;
  const std::vector<float> weights = label_weights(config, counts, 450), p = propensities(counts, 450);
  REQUIRE(weights.size() == counts.size());
  double sum = 0;
  for (std::size_t label = 0; label < counts.size(); ++label) {
    CHECK(weights[label] * p[label] == Approx(weights[0] * p[0]));
    sum += double{weights[label]} * counts[label];
  }
  CHECK(sum == Approx(544));
  CHECK(weights[1] > 2 * weights[0]);
  config.network.propensity = {0, 1};  // all the same
  for (const float weight : label_weights(config, counts, 450)) CHECK(weight == Approx(1));
}

TEST_CASE("labels weigh the same without propensities, or where none was ever seen", "[unit]") {
  const std::vector<std::uint32_t> counts = {5, 3}, unseen = {0, 0};
  Config config;
  CHECK(label_weights(config, counts, 8).empty());
  config.network.label_weights = LabelWeights::propensity;
  CHECK(label_weights(config, {}, 8).empty());
  CHECK(label_weights(config, unseen, 8).empty());
}

TEST_CASE("weights of a sample's labels are theirs, or nothing where all are equal", "[unit]") {
  const std::vector<float> weights = {1.f, 2.f, 3.f};
  const std::vector<std::uint32_t> ids = {2, 0};
  std::vector<float> out = {9.f};
  weights_of(weights, ids, out);
  CHECK(out == std::vector<float>{3.f, 1.f});
  weights_of({}, ids, out);
  CHECK(out.empty());
}

}  // namespace glissade::test
