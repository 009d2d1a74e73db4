// Whatever a trainer is busy with, it says so, and ends when it is asked to, with nothing lost or half done.
#include <catch2/catch.hpp>

#include <set>

#include "engine/progress/work_monitor.h"
#include "engine/training/remaining_time.h"
#include "engine/training/soundness.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

Config everything() {
  Config config = small_config();
  config.network.start = Start::centroids;
  config.training.batches = BatchKind::similar;
  config.sparse_rows.fan_in = 16;
  config.sparse_rows.epochs = 2;
  config.candidates.weight_samples = 200;
  config.candidates.neighbours = 10;
  config.candidates.co_labels = 8;
  config.training.epochs = 2;
  config.schedule.average = 0.5;
  config.training.batch = 16;
  return config;
}

PassCallbacks until(Activity activity) {
  return {[activity](const Progress& progress) { return progress.activity != activity; }, {}};
}

std::string name(Activity activity) { return std::string(name_of(activity)); }

/// A model after a round trip through a file that keeps the state of its training.
Model saved_and_loaded(const Model& model) {
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  return must(Model::load(folder.file("m.glsd"), LoadFor::training));
}

}  // namespace

TEST_CASE("every activity reports, its share within 0 and 1", "[unit]") {
  const Data data = planted_data(700, 200, 80, 3);
  Model model = make_model(everything(), data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  std::set<Activity> met;
  must(trainer.train_epoch(data.view(), {[&](const Progress& progress) {
                                           met.insert(progress.activity);
                                           CHECK(progress.activity_share >= 0);
                                           CHECK(progress.activity_share <= 1);
                                           CHECK(progress.epoch == 1);
                                           return true;
                                         },
                                         {}}));
  for (std::size_t i = 0; i < kActivityNames.size(); ++i) {
    const auto activity = static_cast<Activity>(i);
    if (activity == Activity::steps) continue;   // reported a few times a second, and this takes less
    if (activity == Activity::coding) continue;  // of layers that are larger
    INFO(name(activity));
    CHECK(met.contains(activity));
  }
}

TEST_CASE("a call that is stopped before its first step leaves no pass begun, and the next one does all of it", "[unit]") {
  const Data data = planted_data(700, 200, 80, 3);
  Model straight = make_model(everything(), data);
  train(straight, data, 2);
  const auto activity = GENERATE(Activity::grouping, Activity::centroids, Activity::feature_weights, Activity::sparse_rows,
                                 Activity::row_training, Activity::neighbours);
  INFO(name(activity));
  Model model = make_model(everything(), data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  must(trainer.train_epoch(data.view(), until(activity)));
  CHECK(model.pass_done() == 0);
  CHECK(model.step() == 0);
  CHECK(model.epochs_done() == 0);
  must(trainer.train_epoch(data.view()));
  must(trainer.train_epoch(data.view()));
  CHECK((saved(model) == saved(straight)));
}

TEST_CASE("a call that is stopped while the paths are weighed has a whole pass to save, and only the weighing left", "[unit]") {
  const Data data = planted_data(700, 200, 80, 3);
  Model straight = make_model(everything(), data);
  train(straight, data, 2);
  const auto activity = GENERATE(Activity::weighing, Activity::ranking);
  const auto epochs_before = GENERATE(0u, 1u);
  INFO(name(activity));
  Model model = make_model(everything(), data);
  train(model, data, epochs_before);
  {
    Trainer trainer = must(Trainer::create(model, data.size()));
    must(trainer.train_epoch(data.view(), until(activity)));
  }
  CHECK(model.epochs_done() == epochs_before);
  CHECK(model.pass_done() > 600);
  const std::uint64_t step = model.step();
  Model resumed = saved_and_loaded(model);
  train(resumed, data, 1);
  CHECK(resumed.step() == step);
  CHECK(resumed.epochs_done() == epochs_before + 1);
  train(resumed, data, 1 - epochs_before);
  CHECK((saved(resumed) == saved(straight)));
}

TEST_CASE("a call that is stopped while the output rows are coded has a whole pass to save, and only the codes left", "[unit]") {
  const Data data = planted_data(300, 200, 40000, 3);
  Config config = small_config();
  config.network.hidden = {32};  // as many weights as codes need
  config.training.epochs = 1;
  Model straight = make_model(config, data);
  train(straight, data, 1);
  REQUIRE(straight.epochs_done() == 1);
  Model model = make_model(config, data);
  {
    Trainer trainer = must(Trainer::create(model, data.size()));
    must(trainer.train_epoch(data.view(), until(Activity::coding)));
  }
  CHECK(model.epochs_done() == 0);
  CHECK_FALSE(model.has_codes());
  const std::uint64_t step = model.step();
  Model resumed = saved_and_loaded(model);
  train(resumed, data, 1);
  CHECK(resumed.step() == step);
  CHECK((saved(resumed) == saved(straight)));
}

TEST_CASE("a monitor tells the share of a part, and hears of a stop", "[unit]") {
  std::vector<double> shares;
  WorkMonitor monitor([&](Activity, double share) {
    shares.push_back(share);
    return shares.size() < 3;
  });
  CHECK(monitor.begin(Activity::weighing, 4, {0.5, 1}));
  CHECK(monitor.advance(4));  // too soon after the begin to be told
  CHECK(monitor.begin(Activity::ranking, 4));
  CHECK_FALSE(monitor.begin(Activity::steps, 4, {0.25, 1}));
  CHECK(monitor.stopped());
  CHECK(shares == std::vector<double>{0.5, 0, 0.25});
  CHECK(WorkMonitor::silent().begin(Activity::steps, 1));
  CHECK_FALSE(WorkMonitor::silent().stopped());
}

TEST_CASE("the time that is left follows the speed that was seen", "[unit]") {
  const Data data = planted_data(5000, 200, 80, 3);
  Config config = small_config();
  config.training.epochs = 4;
  RemainingTime remaining(config, data.view(), 1, 0, 0);
  CHECK(remaining.seconds_left() < 0);
  remaining.observe(Activity::steps, 0, 0);
  remaining.observe(Activity::steps, 0.5, 10);
  CHECK(remaining.seconds_left() == Approx(70));
  remaining.observe(Activity::steps, 1, 20);
  CHECK(remaining.seconds_left() == Approx(60));
  RemainingTime next(config, data.view(), 1, 1, 0.5);  // in the midst of the second epoch
  next.observe(Activity::steps, 0, 0);
  next.observe(Activity::steps, 0.5, 10);
  CHECK(next.seconds_left() == Approx(10 + 40 + 40));
}

TEST_CASE("numbers that are none are found, and no model of them is written", "[unit]") {
  const Data data = planted_data(300, 60, 40, 3);
  Config config = small_config();
  config.sparse_rows.fan_in = 16;
  config.candidates.neighbours = 10;
  config.network.storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  Model model = make_model(config, data);
  train(model, data, 1);
  Model::Impl& impl = impl_of(model);
  CHECK_FALSE(defect_of_weights(impl));
  CHECK_FALSE(impl.paths.not_finite());
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  must(model.save(path));
  const std::string good = model_file::get(path);
  std::vector<float> row(impl.network.output.width(), 1.f);
  row[3] = INFINITY;
  impl.network.output.write(17, row.data());
  REQUIRE(defect_of_weights(impl));
  CHECK_THAT(defect_of_weights(impl)->message, Catch::Matchers::StartsWith("a weight of label 17 is no longer a finite number"));
  CHECK_THAT(model.save(path).error().message, Catch::Matchers::Contains("is not written"));
  CHECK(model_file::get(path) == good);
  impl.paths.label_rows.weights.weights[8] = NAN;
  CHECK_THAT(impl.paths.not_finite()->message, Catch::Matchers::StartsWith("the learned weight of feature 8 is no longer"));
  impl.paths.label_rows.weights.weights[8] = 1;
  impl.paths.label_rows.rows.values[impl.paths.label_rows.rows.offsets[5]] = 0x7f80;  // infinity
  CHECK_THAT(impl.paths.not_finite()->message, Catch::Matchers::StartsWith("the sparse row of label 5 is no longer"));
}

}  // namespace glissade::test
