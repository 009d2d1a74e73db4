// The mean of weights that training ends with: which steps are in it, that it is their mean, what it leaves as it was.

#include "engine/training/averaging.h"

#include <catch2/catch.hpp>

#include <vector>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

std::vector<std::uint64_t> averaged_steps(double part, std::uint64_t total) {
  Config config;
  config.schedule.average = part;
  std::vector<std::uint64_t> steps;
  for (std::uint64_t step = 1; step <= total + 5; ++step) {
    if (is_averaged(config, step, total)) steps.push_back(step);
  }
  return steps;
}

Config averaging_config(Storage storage) {
  Config config = small_config();
  config.network.hidden = {16, 12};
  config.network.storage = storage;
  config.schedule.decay = DecayKind::none;
  config.schedule.average = 0.5;
  return config;
}

/// The weights after each step of a training, as they are before any average is put in their place.
std::vector<std::vector<float>> weights_by_step(const Config& config, const Data& data) {
  Config plain = config;
  plain.schedule.average = 0;
  Model model = make_model(plain, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  std::vector<std::vector<float>> all;
  const auto keep = [&] {
    all.push_back(all_weights(model));
    return true;
  };
  for (std::uint32_t i = 0; i < plain.training.epochs; ++i) must(trainer.train_epoch(data.view(), PassCallbacks{{}, keep}));
  return all;
}

}  // namespace

TEST_CASE("averaged steps are evenly spaced over the last part of all, the last one among them", "[unit]") {
  CHECK(averaged_steps(0, 1000).empty());
  CHECK(averaged_steps(0.0001, 1000).empty());
  CHECK(averaged_steps(0.5, 10) == std::vector<std::uint64_t>{6, 7, 8, 9, 10});
  CHECK(averaged_steps(1, 3) == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(averaged_steps(1, 0).empty());
  for (const double part : {0.1, 0.5, 1.0}) {
    const auto steps = averaged_steps(part, 10'007);
    REQUIRE(steps.size() == kAveragedSteps);
    CHECK(steps.back() == 10'007);
    const double apart = part * 10'007 / static_cast<double>(kAveragedSteps);
    for (std::size_t i = 1; i < steps.size(); ++i)
      CHECK(static_cast<double>(steps[i] - steps[i - 1]) == Approx(apart).margin(1.0));
    CHECK(static_cast<double>(10'007 - steps.front()) < part * 10'007);
  }
}

TEST_CASE("training ends with the mean of the weights over the averaged steps", "[unit]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  const Config config = averaging_config(storage);
  const Data data = planted_data(150, 80, 90, 5);
  const auto by_step = weights_by_step(config, data);
  REQUIRE(by_step.size() == 20);
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  const auto ended = all_weights(model);
  std::vector<double> mean(ended.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < by_step.size(); ++i) {
    if (!is_averaged(config, i + 1, by_step.size())) continue;
    ++count;
    for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += by_step[i][j];
  }
  REQUIRE(count == 10);
  const double relative = storage == Storage::bf16 ? 0.004 : 1e-5;
  std::size_t moved = 0;
  for (std::size_t j = 0; j < mean.size(); ++j) {
    mean[j] /= static_cast<double>(count);
    moved += ended[j] != by_step.back()[j];
    if (ended[j] != Approx(mean[j]).epsilon(relative).margin(1e-6)) FAIL(j << ": " << ended[j] << " instead of " << mean[j]);
  }
  CHECK(moved > mean.size() / 2);
}

TEST_CASE("nothing is averaged before the last epoch ends, and steps beyond the plan are as they are", "[unit]") {
  const Config config = averaging_config(Storage::bf16_mixed);
  const Data data = planted_data(150, 80, 90, 5);
  const auto by_step = weights_by_step(config, data);
  Model model = make_model(config, data);
  train(model, data, config.training.epochs - 1);
  CHECK(all_weights(model) == by_step[14]);
  CHECK_FALSE(impl_of(model).average.empty());
  train(model, data, 1);
  CHECK(impl_of(model).average.empty());
  const auto ended = all_weights(model);
  train(model, data, 1);
  CHECK(impl_of(model).average.empty());
  CHECK(all_weights(model) != ended);
}

TEST_CASE("an average under way is part of a model that can be trained on, of no other", "[unit]") {
  using model_file::SectionKind;
  const Config config = averaging_config(Storage::bf16_mixed);
  const Data data = planted_data(150, 80, 90, 5);
  Model model = make_model(config, data);
  train(model, data, config.training.epochs - 1);
  const TemporaryFolder folder;
  must(model.save(folder.file("full.glsd")));
  must(model.save(folder.file("slim.glsd"), false));
  CHECK(must(model_file::Reader::open(folder.file("full.glsd"))).has(SectionKind::average_count));
  CHECK_FALSE(must(model_file::Reader::open(folder.file("slim.glsd"))).has(SectionKind::average_count));
  const Model again = must(Model::load(folder.file("full.glsd"), LoadFor::training));
  CHECK(impl_of(again).average.count == 5);
  CHECK(saved(again) == saved(model));
  CHECK(impl_of(must(Model::load(folder.file("full.glsd")))).average.empty());
}

TEST_CASE("after the average is put in place, buckets are those of its rows", "[unit]") {
  Config config = averaging_config(Storage::bf16_mixed);
  config.active_set.sampler = SamplerKind::lsh;
  const Data data = planted_data(150, 80, 90, 5);
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  Model loaded = must(Model::load(folder.file("m.glsd")));
  PredictOptions options;
  options.search = Search::lsh;
  CHECK(must(model.predict(data.view().features, options)).labels == must(loaded.predict(data.view().features, options)).labels);
}

}  // namespace glissade::test
