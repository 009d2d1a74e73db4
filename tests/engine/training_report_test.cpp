// What a training says of itself: seconds by phase, shares of a pass.
#include <catch2/catch.hpp>

#include <chrono>
#include <thread>
#include <vector>

#include "engine/training/similar_samples.h"
#include "tests/engine/models.h"

namespace glissade::test {

TEST_CASE("no phase takes less than nothing, and what is read takes some time", "[unit]") {
  const Data data = planted_data(600, 200, 80, 3);
  Config config = small_config();
  config.training.epochs = 1;
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  const EpochReport report = must(trainer.train_epoch(data.view()));
  for (std::size_t i = 0; i < kPhaseNames.size(); ++i) {
    INFO(std::string(kPhaseNames[i]));
    CHECK(report.phases.seconds[i] >= 0);
    CHECK(report.phases.seconds[i] <= report.train_seconds);
  }
  CHECK(report.phases[Phase::gather] > 0);
  CHECK(report.phases[Phase::output_update] > 0);
}

TEST_CASE("reading the only batch of a pass takes time, which is counted as such", "[unit]") {
  Data data{2000, 10, {}, {}};
  hashing::Random random(5);
  for (std::size_t row = 0; row < 400; ++row) {
    const auto ids = distinct(random, 200, data.features);
    data.x.add(ids, std::vector<float>(ids.size(), 0.1f));
    data.y.add(distinct(random, 1, data.labels));
  }
  Config config = small_config();
  config.training.batch = 400;  // no batch is copied ahead while another one is trained on
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  const EpochReport report = must(trainer.train_epoch(data.view()));
  REQUIRE(report.steps == 1);
  CHECK(report.phases[Phase::gather] > 0);
  CHECK(report.phases[Phase::gather] < report.train_seconds);
}

TEST_CASE("the share of a pass grows from 0 to 1, and goes on where a pass is taken up again", "[unit]") {
  const Data data = planted_data(640, 200, 80, 3);
  Config config = small_config();
  config.training.batch = 32;
  config.training.epochs = 1;
  Model model = make_model(config, data);
  std::vector<double> shares;
  std::vector<double> left;
  std::size_t steps = 0;
  const auto slowly = [&](std::size_t most) {
    Trainer trainer = must(Trainer::create(model, data.size()));
    must(trainer.train_epoch(data.view(), {[&](const Progress& progress) {
                                             if (progress.activity == Activity::steps) {
                                               shares.push_back(progress.activity_share);
                                               left.push_back(progress.seconds_left);
                                             }
                                             return true;
                                           },
                                           [&] {
                                             std::this_thread::sleep_for(std::chrono::milliseconds(30));
                                             return ++steps < most;
                                           }}));
  };
  slowly(12);
  REQUIRE(model.pass_done() == 12 * 32);
  REQUIRE_FALSE(shares.empty());
  CHECK(shares.front() > 0);
  const double before = shares.back();
  CHECK(before <= 12.0 / 20);
  slowly(100);
  CHECK(steps == 20);
  REQUIRE(shares.back() > before);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    CHECK(shares[i] <= 1);
    CHECK(left[i] >= 0);
    CHECK(left[i] < 60);
    if (i > 0) CHECK(shares[i] > shares[i - 1]);
  }
}

TEST_CASE("samples are told apart by what they do not share", "[unit]") {
  const Data data = planted_data(800, 200, 80, 3);
  Config config = small_config();
  config.network.hidden = {24};
  const Model model = make_model(config, data);
  Model::Impl& impl = impl_of(model);
  scatter_weights(const_cast<Model&>(model), 0.3, 5);
  for (std::size_t unit = 0; unit < 24; ++unit) impl.network.input.bias.weights[unit] = 5.f;  // all units are on for all samples
  constexpr std::uint32_t kBits = 6;
  const auto codes = hidden_codes(impl.network, data.view(), 400, kBits, 9);
  for (std::uint32_t bit = 0; bit < kBits; ++bit) {
    double ones = 0;
    for (const std::uint32_t code : codes) ones += code >> bit & 1u;
    CAPTURE(bit, ones);
    CHECK(ones / 800 == Approx(0.5).margin(0.15));
  }
}

}  // namespace glissade::test
