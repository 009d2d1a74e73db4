// How long a training will still take: the plan's proportions, and how what was measured corrects it.
#include "engine/training/remaining_time.h"

#include <catch2/catch.hpp>

#include "tests/engine/data.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kTimedLabels = 2000;

/// `features` of each row, one label.
Data even_data(std::size_t rows, std::size_t features) {
  Data data{500, kTimedLabels, {}, {}};
  hashing::Random random(3);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto ids = distinct(random, features, data.features);
    data.x.add(ids, std::vector<float>(ids.size(), 1.f));
    data.y.add(distinct(random, 1, kTimedLabels));
  }
  return data;
}

Config plain() {
  Config config;
  config.network.hidden = {64};
  config.active_set.size = 100;
  config.training.epochs = 1;
  config.active_set.scope = Scope::shared;
  return config;
}

Config with_paths() {
  Config config = plain();
  config.sparse_rows.fan_in = 32;
  config.sparse_rows.epochs = 2;
  config.candidates.neighbours = 10;
  config.candidates.weight_samples = 100;
  return config;
}

/// The whole plan before anything was measured, in seconds, from `first` on.
double planned(const Config& config, const Data& data, Activity first = Activity::steps, int threads = 1,
               std::uint32_t epochs_done = 0, double pass_share = 0) {
  const DatasetView view = data.view();
  RemainingTime time(config, view, threads, epochs_done, pass_share);
  CHECK(time.seconds_left() < 0);  // nothing is known yet
  time.observe(first, pass_share, 100);
  return time.seconds_left();
}

}  // namespace

TEST_CASE("planned time grows with rows, epochs and hidden units, and falls with threads and what is done", "[unit]") {
  const Data data = even_data(300, 20), twice = even_data(600, 20);
  const double once = planned(plain(), data);
  REQUIRE(once > 0);
  CHECK(planned(plain(), twice) == Approx(2 * once));
  CHECK(planned(plain(), data, Activity::steps, 2) == Approx(once / 2));
  Config config = plain();
  config.training.epochs = 3;
  CHECK(planned(config, data) == Approx(3 * once));
  CHECK(planned(config, data, Activity::steps, 1, 1) == Approx(2 * once));
  config = plain();
  config.network.hidden = {128};
  CHECK(planned(config, data) == Approx(2 * once));
  // Half of the first of two passes is behind.
  const DatasetView view = data.view();
  config = plain();
  config.training.epochs = 2;
  RemainingTime resumed(config, view, 1, 0, 0.5);
  resumed.observe(Activity::steps, 0, 0);
  CHECK(resumed.seconds_left() == Approx(1.5 * once));
  config.training.epochs = 3;
  RemainingTime longer(config, view, 1, 0, 0.75);
  longer.observe(Activity::steps, 0, 0);
  CHECK(longer.seconds_left() == Approx(2.25 * once));
}

TEST_CASE("planned time is made of inputs, of layers in between and of active labels", "[unit]") {
  const double ten = planned(plain(), even_data(300, 10)), twenty = planned(plain(), even_data(300, 20)),
               forty = planned(plain(), even_data(300, 40));
  CHECK(twenty > ten);
  CHECK(forty - twenty == Approx(2 * (twenty - ten)));
  const Data data = even_data(300, 20);
  const auto labels = [&](std::uint32_t active) {
    Config config = plain();
    config.active_set.size = active;
    return planned(config, data);
  };
  CHECK(labels(200) > labels(100));
  CHECK(labels(400) - labels(200) == Approx(2 * (labels(200) - labels(100))));
  CHECK(labels(5000) == Approx(labels(2000)));  // no more than there are
  Config full = plain();
  full.active_set.sampler = SamplerKind::full;
  CHECK(planned(full, data) == Approx(labels(kTimedLabels)));
  Config own = plain();
  own.active_set.scope = Scope::sample;  // each sample reads its own rows
  CHECK(planned(own, data) > 2 * planned(plain(), data) - 2 * (twenty - ten));
  const auto deep = [&](std::vector<std::uint32_t> hidden) {
    Config config = plain();
    config.network.hidden = std::move(hidden);
    return planned(config, data);
  };
  // Layers of 64 before one of 64 cost as many active labels as there are units.
  CHECK(deep({64, 64}) - deep({64}) == Approx(labels(164) - labels(100)));
  CHECK(deep({64, 64, 64}) - deep({64, 64}) == Approx(labels(164) - labels(100)));
}

TEST_CASE("grouping, centroids and sparse paths are planned, in their order, and none of them is negligible", "[unit]") {
  const Data data = even_data(300, 20);
  const double steps = planned(plain(), data);
  Config config = plain();
  config.training.batches = BatchKind::similar;
  const double grouped = planned(config, data, Activity::grouping);
  CHECK(grouped > 1.02 * steps);
  CHECK(grouped < 1.5 * steps);  // a forward pass over the inputs alone
  config = plain();
  config.network.start = Start::centroids;
  const double centred = planned(config, data, Activity::centroids);
  CHECK(centred > 1.02 * steps);
  CHECK(centred < 1.6 * steps);
  config = with_paths();
  double last = planned(config, data, Activity::feature_weights);
  for (const Activity next : {Activity::sparse_rows, Activity::row_training, Activity::neighbours, Activity::steps,
                              Activity::weighing, Activity::ranking}) {
    const double left = planned(config, data, next);
    CAPTURE(static_cast<int>(next), left, last);
    CHECK(left < 0.9999 * last);
    last = left;
  }
  CHECK(last > 0);
  const auto of_rows = [&](std::uint32_t epochs) {
    Config more = with_paths();
    more.sparse_rows.epochs = epochs;
    return planned(more, data, Activity::row_training) - planned(more, data, Activity::neighbours);
  };
  CHECK(of_rows(4) > of_rows(2));
  CHECK(of_rows(6) - of_rows(4) == Approx(of_rows(4) - of_rows(2)));
}

TEST_CASE("between epochs only a tenth of the kept samples is weighed", "[unit]") {
  const Data data = even_data(300, 20);
  Config config = with_paths();
  const auto behind_steps = [&](std::uint32_t epochs) {
    config.training.epochs = epochs;
    return planned(config, data, Activity::weighing, 1, epochs - 1);
  };
  config.training.epochs = 2;
  const double two = planned(config, data, Activity::weighing), last_only = behind_steps(2);
  const double steps = planned(config, data, Activity::steps, 1, 1) - last_only;
  CHECK(two - last_only - steps == Approx(0.1 * last_only));
}

TEST_CASE("what was measured takes the place of what was planned", "[unit]") {
  const Data data = even_data(300, 20);
  const DatasetView view = data.view();
  Config config = plain();
  config.training.epochs = 2;
  RemainingTime time(config, view, 1, 0, 0);
  time.observe(Activity::steps, 0, 1000);
  time.observe(Activity::steps, 0.25, 1010);
  CHECK(time.seconds_left() == Approx(70));  // 40 s an epoch
  time.observe(Activity::steps, 0.75, 1030);
  CHECK(time.seconds_left() == Approx(50));
  time.observe(Activity::grouping, 0.5, 1031);  // the plan does not have it
  CHECK(time.seconds_left() == Approx(50));
  time.observe(Activity::steps, 0.25, 1050);  // the next epoch, from a quarter of the last one on
  CHECK(time.seconds_left() == Approx(30));
  time.observe(Activity::steps, 1, 1080);
  CHECK(time.seconds_left() == Approx(0).margin(1e-9));
}

TEST_CASE("an activity's own speed counts for it, and that of all for those to come", "[unit]") {
  const Data data = even_data(300, 20);
  const DatasetView view = data.view();
  const Config config = with_paths();
  const double all = planned(config, data, Activity::feature_weights), behind = planned(config, data, Activity::sparse_rows);
  RemainingTime time(config, view, 1, 0, 0);
  time.observe(Activity::feature_weights, 0, 0);
  CHECK(time.seconds_left() == Approx(all));
  time.observe(Activity::feature_weights, 0.5, 20);
  const double cost = (all - behind) / 2, general = (20 + 1) / (cost + 1);
  CHECK(time.seconds_left() == Approx(20 + behind * general));
  // In less than a tenth of an activity its own speed counts only in part.
  RemainingTime begun(config, view, 1, 0, 0);
  begun.observe(Activity::feature_weights, 0, 0);
  begun.observe(Activity::feature_weights, 0.05, 20);
  const double early = 0.1 * cost, overall = (20 + 1) / (early + 1);
  CHECK(begun.seconds_left() == Approx(1.9 * cost * (0.5 * 20 / early + 0.5 * overall) + behind * overall));
}

TEST_CASE("adding a feature to a label's row is planned as less than a step's work on it with 64 units, but not as nothing",
          "[unit]") {
  const Data data = even_data(300, 20);
  Config config = plain();
  config.active_set.size = 1;
  const double steps = planned(config, data);
  config.sparse_rows.fan_in = 32;
  config.sparse_rows.epochs = 0;
  const double rows = planned(config, data, Activity::sparse_rows) - planned(config, data, Activity::neighbours);
  CHECK(rows < 0.8 * steps);
  CHECK(rows > 0.3 * steps);
}

TEST_CASE("weighing a kept sample is planned as more work than ranking it once, both of one order of magnitude", "[unit]") {
  const Data data = even_data(300, 20);
  const double ranking = planned(with_paths(), data, Activity::ranking);
  const double weighing = planned(with_paths(), data, Activity::weighing) - ranking;
  CHECK(ranking < weighing);
  CHECK(ranking > 0.3 * weighing);
}

TEST_CASE("longer sparse rows are planned as more work, up to as many features as a label's samples have", "[unit]") {
  const Data data = even_data(300, 20);  // 3 features for each label
  const auto of_rows = [&](std::uint32_t fan_in) {
    Config config = with_paths();
    config.sparse_rows.fan_in = fan_in;
    return planned(config, data, Activity::row_training) - planned(config, data, Activity::neighbours);
  };
  CHECK(of_rows(2) > of_rows(1));
  CHECK(of_rows(3) > of_rows(2));
  CHECK(of_rows(32) == Approx(of_rows(3)));
}

}  // namespace glissade::test
