// By which samples the paths are weighed, and that they are weighed with all their features.
#include "engine/training/ranker_fit.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kFitFeatures = 300, kFitLabels = 60;

Config paths_config() {
  Config config = small_config();
  config.sparse_rows.fan_in = 32;
  config.candidates.neighbours = 20;
  config.candidates.co_labels = 8;
  config.training.epochs = 1;
  return config;
}

struct FitWorld {
  Data data = planted_data(1500, kFitFeatures, kFitLabels, 3);
  Config config = paths_config();
  Model model = make_model(config, data);
  std::vector<std::size_t> kept, others;

  FitWorld() {
    train(model, data, 1);
    for (std::size_t row = 0; row < data.size(); ++row)
      (is_kept_for_ranking(config, data.view(), {}, row) ? kept : others).push_back(row);
    REQUIRE(kept.size() > 20);
  }

  /// The linear ranker, then the ranker, fitted to the data with the labels of some rows moved on by one.
  std::vector<float> fitted(const std::vector<std::size_t>& changed, bool last_epoch) {
    Data other = data;
    for (const std::size_t row : changed) {
      for (std::uint64_t j = other.y.offsets[row]; j < other.y.offsets[row + 1]; ++j)
        other.y.ids[j] = (other.y.ids[j] + 1) % kFitLabels;
      std::sort(other.y.ids.begin() + static_cast<std::ptrdiff_t>(other.y.offsets[row]),
                other.y.ids.begin() + static_cast<std::ptrdiff_t>(other.y.offsets[row + 1]));
    }
    Model::Impl& impl = impl_of(model);
    REQUIRE_FALSE(fit_rankers(impl, other.view(), {}, last_epoch));
    std::vector<float> weights(impl.paths.linear.weights.data(), impl.paths.linear.weights.data() + kPathFeatures);
    const auto& ranker = impl.paths.ranker.weights;
    weights.insert(weights.end(), ranker.data(), ranker.data() + ranker.size());
    return weights;
  }
};

}  // namespace

TEST_CASE("the paths are weighed by the samples that were kept, and no others", "[unit]") {
  FitWorld world;
  const std::vector<float> as_is = world.fitted({}, true);
  CHECK(world.fitted({}, true) == as_is);
  CHECK(world.fitted(world.others, true) == as_is);
  CHECK(world.fitted({world.kept[0]}, true) != as_is);
  CHECK(world.fitted({world.kept.back()}, true) != as_is);
}

TEST_CASE("between epochs the paths are weighed by every tenth of these samples", "[unit]") {
  FitWorld world;
  const std::vector<float> as_is = world.fitted({}, false);
  CHECK(as_is != world.fitted({}, true));
  std::vector<std::size_t> passed_over;
  for (std::size_t i = 0; i < world.kept.size(); ++i) {
    if (i % 10 != 0) passed_over.push_back(world.kept[i]);
  }
  CHECK(world.fitted(passed_over, false) == as_is);
  CHECK(world.fitted({world.kept[10]}, false) != as_is);
}

TEST_CASE("the ranker learns from what co-labels say", "[unit]") {
  FitWorld world;
  const std::vector<float> weights = world.fitted({}, true);
  const float* const means = weights.data() + kPathFeatures;
  CHECK(means[static_cast<std::size_t>(CandidateFeature::co_labels)] > 1e-3f);
  CHECK(means[static_cast<std::size_t>(CandidateFeature::log_co_labels)] > -6.9f);  // log(0.001) where none says anything
  CHECK(means[static_cast<std::size_t>(CandidateFeature::log_co_labels)] < 0.f);
}

TEST_CASE("what co-labels say goes by the linear ranker that was just fitted, not by the one before", "[unit]") {
  FitWorld world;
  const std::vector<float> expected = world.fitted({}, true);
  Array<float>& before = impl_of(world.model).paths.linear.weights;
  for (std::size_t i = 0; i < before.size(); ++i) before[i] *= -0.5f;
  CHECK(world.fitted({}, true) == expected);
}

TEST_CASE("paths are weighed by probabilities: what is added to all logits changes nothing", "[unit]") {
  FitWorld world;
  const std::vector<float> expected = world.fitted({}, true);
  Array<float>& bias = impl_of(world.model).network.output.bias;
  for (std::size_t label = 0; label < bias.size(); ++label) bias[label] -= 30.f;
  const std::vector<float> shifted = world.fitted({}, true);
  for (std::size_t i = 0; i < kPathFeatures; ++i) CHECK(shifted[i] == Approx(expected[i]).epsilon(0.01).margin(0.01));
}

TEST_CASE("weights of labels are weights of their targets when the paths are weighed", "[unit]") {
  FitWorld world;
  const std::vector<float> equal = world.fitted({}, true);
  impl_of(world.model).config.network.label_weights = LabelWeights::propensity;
  CHECK(world.fitted({}, true) != equal);
}

}  // namespace glissade::test
