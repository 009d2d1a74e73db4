// By which samples the paths are weighed, and that they are weighed with all their features.
#include "engine/training/ranker_fit.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include <glissade/metrics.h>
#include <glissade/refit.h>

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

TEST_CASE("a new fit weighs the paths by all rows it is given, from where it is told to start", "[unit]") {
  FitWorld world;
  Data fresh = planted_data(400, kFitFeatures, kFitLabels, 9);
  const auto fitted = [&](const Data& rows, const Model& start) {
    must(refit_ranker(world.model, rows.view(), start));
    const auto& weights = impl_of(world.model).paths.ranker.weights;
    return std::vector<float>(weights.data(), weights.data() + weights.size());
  };
  Model other = make_model(world.config, world.data);  // its ranker is fitted after a pass
  train(other, world.data, 1);
  impl_of(other).paths.ranker.weights[0] += 1.f;
  const Array<float> linear = impl_of(world.model).paths.linear.weights.shared();
  const std::vector<float> as_is = fitted(fresh, other);
  CHECK(fitted(fresh, other) == as_is);  // not from what the fit before has left
  CHECK(fitted(fresh, world.model) != as_is);
  const auto& now = impl_of(world.model).paths.linear.weights;
  CHECK_FALSE(std::equal(now.data(), now.data() + now.size(), linear.data()));
  for (std::uint64_t i = fresh.y.offsets[399]; i < fresh.y.offsets[400]; ++i) fresh.y.ids[i] = (fresh.y.ids[i] + 1) % kFitLabels;
  std::sort(fresh.y.ids.begin() + static_cast<std::ptrdiff_t>(fresh.y.offsets[399]), fresh.y.ids.end());
  CHECK(fitted(fresh, other) != as_is);
}

TEST_CASE("a new fit makes up for a path that has become worse", "[unit]") {
  FitWorld world;
  const Data fresh = planted_data(1000, kFitFeatures, kFitLabels, 9), test = planted_data(1000, kFitFeatures, kFitLabels, 10);
  const auto precision = [&] { return must(evaluate(world.model, test.view(), {})).metrics.precision[0]; };
  const double sound = precision();
  SparseMatrix& rows = impl_of(world.model).paths.label_rows.rows;
  for (std::size_t e = 0; e < rows.entries(); ++e) rows.values[e] = static_cast<std::uint16_t>(rows.values[e] ^ (e % 2 << 15));
  impl_of(world.model).paths.index(kFitFeatures);
  const double spoilt = precision();
  must(refit_ranker(world.model, fresh.view(), world.model));
  CAPTURE(sound, spoilt, precision());
  CHECK(spoilt < sound - 0.05);
  CHECK(precision() > spoilt + 0.05);
}

TEST_CASE("a new fit is refused where there is nothing to weigh or to weigh by, and changes nothing then", "[unit]") {
  FitWorld world;
  const auto refused = [](Model& model, const DatasetView& rows) {
    const auto fitted = refit_ranker(model, rows, model);
    REQUIRE_FALSE(fitted.ok());
    return fitted.error();
  };
  const Array<float> before = impl_of(world.model).paths.ranker.weights.shared();
  Data unlabelled = planted_data(50, kFitFeatures, kFitLabels, 9);
  unlabelled.y.ids.clear();
  std::ranges::fill(unlabelled.y.offsets, 0u);
  CHECK(refused(world.model, unlabelled.view()).message == "there is no labelled row to fit the ranker on; give some");
  const Data wider = planted_data(50, kFitFeatures + 1, kFitLabels, 9);
  CHECK(refused(world.model, wider.view()).kind == Error::Kind::runtime);
  const auto& after = impl_of(world.model).paths.ranker.weights;
  CHECK(std::equal(after.data(), after.data() + after.size(), before.data()));
  Model plain = make_model(small_config(), world.data);
  CHECK_FALSE(has_ranker(plain));
  CHECK(has_ranker(world.model));
  const Error error = refused(plain, world.data.view());
  CHECK(error.kind == Error::Kind::usage);
  CHECK(error.message.find("no paths beside the hidden one") != std::string::npos);
}

}  // namespace glissade::test
