// Weights of features, learned: what tells labels apart gains, what does not loses.
#include <catch2/catch.hpp>

#include <numeric>
#include <vector>

#include "engine/sparse_rows/weight_learning.h"
#include "hashing/seeds.h"
#include "tests/engine/data.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kWeighedLabels = 40, kTelling = 40, kNoise = 60;

/// Each sample has its label's own feature, with a small value, and three of kNoise that mean nothing.
Data telling_and_noise(std::size_t samples) {
  Data data{kTelling + kNoise, kWeighedLabels, {}, {}};
  hashing::Random random(5);
  for (std::size_t i = 0; i < samples; ++i) {
    const auto label = static_cast<std::uint32_t>(random.below(kWeighedLabels));
    std::vector<std::uint32_t> ids = {label};
    for (const std::uint32_t noise : distinct(random, 3, kNoise)) ids.push_back(kTelling + noise);
    std::vector<float> values(ids.size(), 1.f);
    values[0] = 0.3f;
    data.x.add(ids, values);
    data.y.add(std::vector<std::uint32_t>{label});
  }
  return data;
}

double mean(const std::vector<float>& weights, std::size_t first, std::size_t count) {
  return std::accumulate(weights.data() + first, weights.data() + first + count, 0.0) / static_cast<double>(count);
}

}  // namespace

TEST_CASE("features that tell labels apart come to weigh more than noise, the same each time", "[unit][levels]") {
  const Data data = telling_and_noise(2000);
  std::vector<std::uint32_t> rows(data.size());
  std::iota(rows.begin(), rows.end(), 0u);
  Config config;
  config.candidates.weight_samples = 1500;
  const FeatureWeights weights(SparseWeighting::given, data.view());
  const std::vector<float> learned = learn_weights(config, data.view(), rows, weights);
  REQUIRE(learned.size() == kTelling + kNoise);
  const double telling = mean(learned, 0, kTelling), noise = mean(learned, kTelling, kNoise);
  CAPTURE(telling, noise);
  CHECK(telling > 1.0);
  CHECK(noise < 0.9 * telling);
  CHECK(learn_weights(config, data.view(), rows, weights) == learned);
}

TEST_CASE("without samples to learn from, all factors are 1", "[unit]") {
  const Data data = telling_and_noise(100);
  Config config;
  config.candidates.weight_samples = 50;
  const FeatureWeights weights(SparseWeighting::given, data.view());
  CHECK(learn_weights(config, data.view(), {}, weights) == std::vector<float>(kTelling + kNoise, 1.f));
}

}  // namespace glissade::test
