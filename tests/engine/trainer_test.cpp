// Training as a whole: what counts as an epoch, what may be in the data, what is refused.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/engine/models.h"

namespace glissade::test {

TEST_CASE("every sample is trained, the last, partial batch too", "[unit]") {
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  Config config = small_config();
  config.active_set.scope = scope;
  const Data data = planted_data(101, 60, 40, 1);  // 3 batches of 32 and one of 5
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  const EpochReport report = must(trainer.train_epoch(data.view()));
  REQUIRE(report.epoch == 1);
  REQUIRE(report.samples == 101);
  REQUIRE(report.steps == 4);
  REQUIRE(model.step() == 4);
  REQUIRE(model.epochs_done() == 1);
  REQUIRE(model.training_samples() == 101);
  // Each feature that occurs was touched: nothing was dropped, wherever shuffling put it.
  const ParameterRows& rows = impl_of(model).network.input.rows;
  std::set<std::uint32_t> used(data.x.ids.begin(), data.x.ids.end());
  for (std::uint32_t f = 0; f < data.features; ++f) REQUIRE((rows.row_steps[f] != 0) == (used.count(f) != 0));
  std::vector<std::uint32_t> counts(data.labels);
  for (const std::uint32_t label : data.y.ids) ++counts[label];
  REQUIRE(std::equal(counts.begin(), counts.end(), model.label_counts().begin(), model.label_counts().end()));
  REQUIRE(report.active_share > 0.3);
  REQUIRE(report.rows_touched_share > 0.3);
  REQUIRE(report.rows_touched_share <= 1.0);
  REQUIRE(report.features_touched_share > 0.1);
  REQUIRE(report.features_touched_share <= 1.0);
  REQUIRE(report.train_seconds > 0);
}

TEST_CASE("the order of samples differs from epoch to epoch and follows from the seed", "[unit]") {
  // One sample per step and a feature of its own for each: row_steps tells when the sample came.
  constexpr std::uint32_t kSamples = 50;
  Data data{kSamples, 4, {}, {}};
  for (std::uint32_t i = 0; i < kSamples; ++i) {
    data.x.add(std::vector<std::uint32_t>{i}, std::vector<float>{1.f});
    data.y.add(std::vector<std::uint32_t>{i % 4});
  }
  Config config = small_config();
  config.training.batch = 1;
  const auto order_of = [&](Model& model, Trainer& trainer) {
    const std::uint64_t before = model.step();
    must(trainer.train_epoch(data.view()));
    std::vector<std::uint64_t> order;
    for (std::uint32_t i = 0; i < kSamples; ++i) order.push_back(impl_of(model).network.input.rows.row_steps[i] - before);
    auto sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (std::uint32_t i = 0; i < kSamples; ++i) REQUIRE(sorted[i] == i + 1);  // each exactly once
    return order;
  };
  Model model = make_model(config, data), same = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, kSamples)), same_trainer = must(Trainer::create(same, kSamples));
  const auto first = order_of(model, trainer), second = order_of(model, trainer);
  REQUIRE(first != second);
  REQUIRE(order_of(same, same_trainer) == first);
  config.run.seed = 8;
  Model other = make_model(config, data);
  Trainer other_trainer = must(Trainer::create(other, kSamples));
  REQUIRE(order_of(other, other_trainer) != first);
}

TEST_CASE("the callback sees progress and may stop the epoch, which then does not count", "[unit]") {
  Config config = small_config();
  config.training.batch = 1;
  const Data data = planted_data(200000, 60, 40, 1);  // many seconds of work, stopped at the first report
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  int calls = 0;
  const EpochReport report = must(trainer.train_epoch(data.view(), [&](const Progress& progress) {
    ++calls;
    CHECK(progress.epoch == 1);
    CHECK(progress.samples_total == data.size());
    CHECK(progress.samples_done == model.step());
    CHECK(progress.samples_per_second > 0);
    CHECK(progress.seconds > 0);
    CHECK(progress.loss > 0);
    CHECK(progress.active_share > 0);
    return false;
  }));
  REQUIRE(calls == 1);
  REQUIRE(report.samples < data.size());
  REQUIRE(report.samples == model.step());
  REQUIRE(model.epochs_done() == 0);
}

TEST_CASE("samples without labels or features are legal", "[unit]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  const auto sampler = GENERATE(SamplerKind::uniform, SamplerKind::lsh, SamplerKind::full);
  Config config = small_config();
  config.network.loss = loss;
  config.active_set.scope = scope;
  config.active_set.sampler = sampler;
  config.training.batch = 3;
  Data data{10, 12, {}, {}};
  const auto add = [&](std::vector<std::uint32_t> x, std::vector<std::uint32_t> y) {
    data.x.add(x, std::vector<float>(x.size(), 0.5f));
    data.y.add(y);
  };
  for (int i = 0; i < 2; ++i) {
    add({}, {});
    add({1, 2}, {});
    add({}, {3, 4});
    add({5}, {6});
  }
  Model model = make_model(config, data);
  for (const double mean : train(model, data, 2)) REQUIRE(std::isfinite(mean));
  for (const float w : all_weights(model)) REQUIRE(std::isfinite(w));
  Data empty{10, 12, {}, {}};
  for (int i = 0; i < 5; ++i) {
    empty.x.add({});
    empty.y.add({});
  }
  Model of_nothing = make_model(config, empty);
  for (const double mean : train(of_nothing, empty, 1)) REQUIRE(std::isfinite(mean));
}

TEST_CASE("labels that fill more than the active set's target all take part", "[unit]") {
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  Config config = small_config();
  config.active_set.scope = scope;
  config.active_set.size = 2;
  Data data{10, 100, {}, {}};
  for (std::uint32_t i = 0; i < 20; ++i) {
    data.x.add(std::vector<std::uint32_t>{i % 10}, std::vector<float>{1.f});
    data.y.add(std::vector<std::uint32_t>{i, i + 20, i + 40, i + 60});
  }
  Model model = make_model(config, data);
  train(model, data, 1);
  const ParameterRows& rows = impl_of(model).network.output;
  for (std::uint32_t label = 0; label < 80; ++label) REQUIRE(rows.row_steps[label] != 0);
}

TEST_CASE("the phases of a step make up the time of an epoch, and those that do not run take none", "[unit]") {
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  Config config = small_config();
  config.active_set.scope = scope;
  config.active_set.sampler = SamplerKind::uniform;
  const Data data = random_data(600, 40, 300, 21);
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  const EpochReport report = must(trainer.train_epoch(data.view()));
  double sum = 0;
  for (const double seconds : report.phases.seconds) {
    REQUIRE(seconds >= 0);
    sum += seconds;
  }
  REQUIRE(sum <= report.train_seconds);
  REQUIRE(sum >= 0.5 * report.train_seconds);  // the rest is shuffling and counting
  for (const Phase phase : {Phase::gather, Phase::input_forward, Phase::sampling, Phase::scores, Phase::output_update,
                            Phase::input_transpose, Phase::input_update}) {
    INFO(kPhaseNames[static_cast<std::size_t>(phase)]);
    REQUIRE(report.phases[phase] > 0);
  }
  REQUIRE((report.phases[Phase::packing] > 0) == (scope == Scope::shared));
  REQUIRE(report.phases[Phase::rehash] == 0);
}

TEST_CASE("an epoch without samples does nothing", "[unit]") {
  const Data data{10, 12, {}, {}};
  Config config = small_config();
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, 1));
  const EpochReport report = must(trainer.train_epoch(data.view()));
  REQUIRE(report.samples == 0);
  REQUIRE(report.loss == 0);
  REQUIRE(model.step() == 0);
  REQUIRE(must(trainer.train_step(data.view())).loss == 0);
}

TEST_CASE("ids beyond the model's shape and crooked views are refused before anything is trained", "[unit]") {
  const Data good = planted_data(20, 30, 15, 2);
  Model model = make_model(small_config(), good);
  Trainer trainer = must(Trainer::create(model, good.size()));
  const std::string before = saved(model);
  const auto refused = [&](const DatasetView& view) {
    const auto epoch = trainer.train_epoch(view);
    const auto step = trainer.train_step(view);
    REQUIRE(!epoch.ok());
    REQUIRE(!step.ok());
    REQUIRE(saved(model) == before);
    return epoch.error().message;
  };
  Data data = good;
  data.x.ids[data.x.offsets[5]] = 30;
  REQUIRE_THAT(refused(data.view()), Catch::Matchers::Contains("feature row 5") && Catch::Matchers::Contains("30"));
  data = good;
  data.y.ids[data.y.offsets[7]] = 0xffffffff;
  REQUIRE_THAT(refused(data.view()), Catch::Matchers::Contains("label row 7") && Catch::Matchers::Contains("15"));
  data = good;
  data.y.offsets.pop_back();
  REQUIRE_THAT(refused(data.view()), Catch::Matchers::Contains("20") && Catch::Matchers::Contains("19"));
  data = good;
  std::swap(data.x.offsets[3], data.x.offsets[5]);
  refused(data.view());
  data = good;
  data.x.offsets.back() += 1;
  refused(data.view());
  data = good;
  data.x.values.pop_back();
  refused(data.view());
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    data = good;
    data.x.values[data.x.offsets[12] - 1] = value;
    REQUIRE_THAT(refused(data.view()), Catch::Matchers::Contains("feature row 11") && Catch::Matchers::Contains("finite"));
  }
}

TEST_CASE("a loss that is no longer finite ends training with an error", "[unit]") {
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  Config config = small_config();
  config.active_set.scope = scope;
  config.network.loss = loss;
  config.optimizer.kind = OptimizerKind::sgd;
  config.optimizer.learning_rate = 100;
  Data data = planted_data(200, 30, 15, 2);
  for (float& value : data.x.values) value = 3e38f;  // finite themselves; sums of products are not
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  bool failed = false;
  for (int epoch = 0; epoch < 4 && !failed; ++epoch) {
    const auto report = trainer.train_epoch(data.view());
    if (report) continue;
    failed = true;
    REQUIRE_THAT(report.error().message, Catch::Matchers::Contains("finite") && Catch::Matchers::Contains("step 1; row") &&
                                             Catch::Matchers::Contains("has the value 3e+38 of feature"));
    REQUIRE(model.epochs_done() == static_cast<std::uint32_t>(epoch));
  }
  REQUIRE(failed);
}

TEST_CASE("online steps on one batch reduce its loss", "[unit]") {
  const auto sampler = GENERATE(SamplerKind::uniform, SamplerKind::lsh, SamplerKind::full);
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  Config config = small_config();
  config.active_set.sampler = sampler;
  config.network.loss = loss;
  config.network.hidden = {16, 12};
  config.schedule.warmup = 0;
  const Data data = planted_data(32, 60, 40, 4);
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, 32 * 20));
  const StepReport first = must(trainer.train_step(data.view()));
  StepReport last;
  for (int i = 0; i < 60; ++i) last = must(trainer.train_step(data.view()));
  CAPTURE(first.loss, last.loss);
  REQUIRE(last.loss < 0.7 * first.loss);
  REQUIRE(first.rows_touched >= 24);
  REQUIRE(model.step() == 61);
  REQUIRE(model.epochs_done() == 0);
}

TEST_CASE("a trainer may be moved, and goes on where it was", "[unit]") {
  const Data data = planted_data(64, 60, 40, 4);
  Model a = make_model(small_config(), data), b = make_model(small_config(), data);
  train(a, data, 2);
  Trainer first = must(Trainer::create(b, data.size()));
  must(first.train_epoch(data.view()));
  Trainer second = std::move(first);
  must(second.train_epoch(data.view()));
  REQUIRE(saved(a) == saved(b));
}

}  // namespace glissade::test
