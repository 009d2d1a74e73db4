// The weighting of feature values: what it makes of a row, and that all parts of a model see the weighted values, whoever trains,
// predicts, saves or starts from it.
#include "engine/features/feature_transform.h"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>

#include <glissade/metrics.h>
#include <glissade/run_memory.h>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

using Ids = std::vector<std::uint32_t>;
using Values = std::vector<float>;

/// Three features, four rows; feature 0 in all of them, 1 in two, 2 in one.
Data counts() {
  Data data{3, 2, {}, {}};
  data.x.add(Ids{0, 1}, Values{1, 3});
  data.x.add(Ids{0, 2}, Values{2, 5});
  data.x.add(Ids{0, 1}, Values{1, 1});
  data.x.add(Ids{0}, Values{4});
  for (int row = 0; row < 4; ++row) data.y.add(Ids{0});
  return data;
}

Values applied(const FeatureTransform& transform, const Ids& ids, Values values) {
  transform.apply(ids, values.data());
  return values;
}

/// Planted rows with whole numbers, so that logarithms, factors and lengths all matter.
Data count_data(std::size_t samples, std::uint64_t seed) {
  Data data = planted_data(samples, 60, 40, seed);
  for (std::size_t i = 0; i < data.x.values.size(); ++i) data.x.values[i] = static_cast<float>(1 + hashing::derive(seed, i) % 7);
  return data;
}

/// `data` as they are after a weighting that was learned from `from`.
Data weighted(const Data& data, const Data& from, FeatureWeighting weighting) {
  FeatureTransform transform(weighting);
  transform.learn(from.view(), nullptr);
  const auto values = transform.applied(data.view(), nullptr);
  Data out = data;
  out.x.values.assign(values.data(), values.data() + values.size());
  return out;
}

Config with_paths(FeatureWeighting weighting) {
  Config config = small_config();
  config.network.weighting = weighting;
  config.network.start = Start::centroids;
  config.sparse_rows.fan_in = 8;
  config.sparse_rows.epochs = 2;
  config.candidates.neighbours = 5;
  config.candidates.co_labels = 3;
  config.candidates.weight_samples = 100;
  config.training.batches = BatchKind::similar;
  config.training.feature_dropout = 0.2;
  config.training.epochs = 2;
  return config;
}

}  // namespace

TEST_CASE("a row after each weighting", "[unit]") {
  const Data data = counts();
  const auto made = [&](FeatureWeighting weighting) {
    FeatureTransform transform(weighting);
    transform.learn(data.view(), nullptr);
    return transform;
  };
  CHECK(applied(made(FeatureWeighting::given), {0, 1}, {3, 4}) == Values{3, 4});
  CHECK(made(FeatureWeighting::given).is_identity());
  const Values unit = applied(made(FeatureWeighting::unit), {0, 1}, {3, -4});
  CHECK(unit[0] == Approx(0.6));
  CHECK(unit[1] == Approx(-0.8));
  CHECK(applied(made(FeatureWeighting::unit), {0, 1}, {0, 0}) == Values{0, 0});
  // ln(5 / 5) + 1 and ln(5 / 3) + 1; 1 + ln 3, and 0.5 below 1 as it is.
  const double a = 1 + std::log(3.0), b = -0.5 * (std::log(5.0 / 3) + 1), length = std::sqrt(a * a + b * b);
  const Values tf_idf = applied(made(FeatureWeighting::tf_idf), {0, 1}, {3, -0.5f});
  CHECK(tf_idf[0] == Approx(a / length));
  CHECK(tf_idf[1] == Approx(b / length));
  CHECK(applied(made(FeatureWeighting::scaled), {0, 1, 2}, {3, 4, 5}) == Values{3, 4, 5});
}

TEST_CASE("bm25 is the formula with the mean length of the training rows, and rows of length 1", "[unit]") {
  FeatureTransform transform(FeatureWeighting::bm25);
  transform.learn(counts().view(), nullptr);
  REQUIRE(transform.mean_length().size() == 1);
  CHECK(transform.mean_length()[0] == Approx((4 + 7 + 2 + 4) / 4.0));
  const auto idf = [](double rows) { return std::log(1 + (4 - rows + 0.5) / (rows + 0.5)); };
  const auto level = [](double tf, double length) { return tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / 4.25)); };
  const double a = idf(4) * level(3, 8), b = -idf(2) * level(5, 8), whole = std::sqrt(a * a + b * b);
  const Values values = applied(transform, {0, 1}, {3, -5});
  CHECK(values[0] == Approx(a / whole));
  CHECK(values[1] == Approx(b / whole));
  CHECK(applied(transform, {0, 1}, {0, 0}) == Values{0, 0});
  // Counts level off, and later in a longer row.
  const double short_row = applied(transform, {0, 2}, {1, 4})[1] / applied(transform, {0, 2}, {1, 4})[0];
  const double long_row = applied(transform, {0, 1, 2}, {1, 40, 4})[2] / applied(transform, {0, 1, 2}, {1, 40, 4})[0];
  CHECK(short_row < 4 * idf(1) / idf(4));
  CHECK(long_row > short_row);
}

TEST_CASE("rows without features leave the mean length alone", "[unit]") {
  Data data = counts(), empty{3, 2, {}, {}};
  data.x.add(Ids{});
  data.y.add(Ids{0});
  empty.x.add(Ids{});
  empty.y.add(Ids{0});
  FeatureTransform transform(FeatureWeighting::bm25), nothing(FeatureWeighting::bm25);
  transform.learn(data.view(), nullptr);
  nothing.learn(empty.view(), nullptr);
  CHECK(transform.mean_length()[0] == Approx(4.25));
  CHECK(nothing.mean_length()[0] == 1);
}

TEST_CASE("a weighting grows by features that one row has", "[unit]") {
  for (const auto weighting : {FeatureWeighting::tf_idf, FeatureWeighting::bm25}) {
    FeatureTransform transform(weighting);
    transform.learn(counts().view(), nullptr);
    transform.grow(4, 4);
    CHECK(transform.factors()[3] == Approx(transform.factors()[2]));  // which one of the four rows has
    CHECK(std::string(transform.defect(4, true)).empty());
  }
}

TEST_CASE("an outsized column comes down to the others, in tf-idf too", "[unit]") {
  Data data = count_data(400, 3);
  const std::uint32_t column = 17;
  for (std::size_t i = 0; i < data.x.ids.size(); ++i) {
    if (data.x.ids[i] == column) data.x.values[i] *= 1e6f;
  }
  const auto weighting = GENERATE(FeatureWeighting::scaled, FeatureWeighting::tf_idf, FeatureWeighting::bm25);
  FeatureTransform transform(weighting);
  transform.learn(data.view(), nullptr);
  FeatureTransform clean(weighting);
  clean.learn(count_data(400, 3).view(), nullptr);
  for (std::uint32_t f = 0; f < 60; ++f) {
    const float is = transform.factors()[f], was = clean.factors()[f];
    if (f != column) CHECK(is == was);
    if (f == column) CHECK(is < was / (weighting == FeatureWeighting::scaled ? 1e5f : 1.3f));
  }
}

TEST_CASE("factors that are known stay, those of new features are learned", "[unit]") {
  FeatureTransform transform(FeatureWeighting::tf_idf);
  CHECK(transform.lacks_factors());
  transform.factors() = Array<float>(3);
  transform.factors()[1] = 7;
  transform.learn(counts().view(), nullptr);
  CHECK(transform.factors()[0] == Approx(1));
  CHECK(transform.factors()[1] == 7);
  CHECK(transform.factors()[2] == Approx(std::log(5.0 / 2) + 1));
}

TEST_CASE("training on raw values with a weighting is training on weighted values, in every part of the model", "[unit]") {
  const Data raw = count_data(600, 3), test = count_data(200, 4);
  const auto weighting = GENERATE(FeatureWeighting::unit, FeatureWeighting::tf_idf, FeatureWeighting::bm25);
  Model model = make_model(with_paths(weighting), raw), other = make_model(with_paths(FeatureWeighting::given), raw);
  const Data by_hand = weighted(raw, raw, weighting), test_by_hand = weighted(test, raw, weighting);
  CHECK(train(model, raw, 2) == train(other, by_hand, 2));
  CHECK(all_weights(model) == all_weights(other));
  for (const Search search : {Search::exact, Search::lsh}) {
    const Predictions a = must(model.predict(test.x.view(), {.k = 5, .search = search}));
    const Predictions b = must(other.predict(test_by_hand.x.view(), {.k = 5, .search = search}));
    CHECK(a.labels == b.labels);
    CHECK(a.scores == b.scores);
  }
  const Predictions raw_in_other = must(other.predict(test.x.view(), {.k = 5}));
  CHECK(raw_in_other.scores != must(model.predict(test.x.view(), {.k = 5})).scores);
}

TEST_CASE("a model file keeps the weighting, whole, slim and in the midst of a pass", "[unit]") {
  const Data data = count_data(600, 3), test = count_data(100, 4);
  Model model = make_model(with_paths(GENERATE(FeatureWeighting::tf_idf, FeatureWeighting::bm25)), data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  int steps = 0;
  const TemporaryFolder folder;
  PassCallbacks stop;
  stop.after_step = [&] { return ++steps < 5; };
  must(trainer.train_epoch(data.view(), stop));
  must(model.save(folder.file("part.glsd")));
  Model resumed = must(Model::load(folder.file("part.glsd"), LoadFor::training));
  Trainer second = must(Trainer::create(resumed, data.size()));
  for (int epoch = 0; epoch < 2; ++epoch) {
    must(trainer.train_epoch(data.view()));
    must(second.train_epoch(data.view()));
  }
  CHECK(saved(resumed) == saved(model));
  for (const bool whole : {true, false}) {
    must(model.save(folder.file("m.glsd"), whole));
    const Model loaded = must(Model::load(folder.file("m.glsd")));
    CHECK(must(loaded.predict(test.x.view())).scores == must(model.predict(test.x.view())).scores);
  }
}

TEST_CASE("factors that are missing, too few or no numbers are refused", "[unit]") {
  FeatureTransform transform(FeatureWeighting::tf_idf);
  CHECK(std::string(transform.defect(3, false)).empty());
  CHECK(std::string(transform.defect(3, true)) == "the factors of its features are missing");
  transform.learn(counts().view(), nullptr);
  CHECK(std::string(transform.defect(3, true)).empty());
  CHECK(std::string(transform.defect(4, true)) == "the factors of its features are not one per feature");
  transform.factors()[1] = NAN;
  CHECK(std::string(transform.defect(3, true)) == "a factor of a feature is no number from 0 on");
  FeatureTransform levelled(FeatureWeighting::bm25);
  levelled.learn(counts().view(), nullptr);
  CHECK(std::string(levelled.defect(3, true)).empty());
  levelled.mean_length()[0] = 0;
  CHECK(std::string(levelled.defect(3, true)) == "the mean length of its rows is no number above 0");
  levelled.mean_length() = {};
  CHECK(std::string(levelled.defect(3, true)) == "the mean length of its rows is missing, or has no use");
  FeatureTransform given;
  given.factors() = Array<float>(3);
  CHECK(std::string(given.defect(3, true)) == "it has factors of features, and a weighting that knows none");
}

TEST_CASE("a model that starts from another keeps its weighting and answers as that one", "[unit]") {
  const Data data = count_data(600, 3), test = count_data(100, 4);
  Config config = small_config();
  config.network.weighting = GENERATE(FeatureWeighting::tf_idf, FeatureWeighting::bm25);
  Model former = make_model(config, data);
  train(former, data, 2);
  Model fresh = must(Model::create_from(former, config, former.shape(), {}, {}));
  CHECK(must(fresh.predict(test.x.view())).scores == must(former.predict(test.x.view())).scores);
  const float before = impl_of(former).transform.factors()[5];
  train(fresh, count_data(50, 9), 1);
  CHECK(impl_of(fresh).transform.factors()[5] == before);
}

TEST_CASE("single steps take a weighting that was learned, or none", "[unit]") {
  const Data data = count_data(200, 3);
  Config config = small_config();
  config.network.weighting =
      GENERATE(FeatureWeighting::tf_idf, FeatureWeighting::bm25, FeatureWeighting::scaled, FeatureWeighting::automatic);
  Model model = make_model(config, data);
  const auto refused = Trainer::for_stream(model, {});
  REQUIRE(!refused);
  CHECK(refused.error().message ==
        "option 'weighting': it is learned from a data set, which is not there in single steps; train an epoch first, or use "
        "weighting given or unit");
  CHECK(!must(Trainer::create(model, data.size())).train_step(data.view()));
  train(model, data, 1);
  must(must(Trainer::for_stream(model, {})).train_step(data.view()));
  config.network.weighting = FeatureWeighting::unit;
  Model unit = make_model(config, data);
  must(must(Trainer::for_stream(unit, {})).train_step(data.view()));
}

TEST_CASE("automatic is what the data suggest, and leaves no trace where that is nothing", "[unit]") {
  const Data data = count_data(400, 3), planted = planted_data(400, 60, 40, 3);
  const auto bytes = [](FeatureWeighting weighting, const Data& rows) {
    Config config = small_config();
    config.network.weighting = weighting;
    Model model = make_model(config, rows);
    train(model, rows, 1);
    return saved(model);
  };
  CHECK(bytes(FeatureWeighting::automatic, data) == bytes(FeatureWeighting::tf_idf, data));
  CHECK(bytes(FeatureWeighting::automatic, planted) == bytes(FeatureWeighting::given, planted));
}

TEST_CASE("the copy of weighted values is part of a run's memory while paths are made", "[unit]") {
  const Data data = count_data(600, 3);
  const auto copy = [&](FeatureWeighting weighting) {
    const Config config = with_paths(weighting);
    DataSize size = data_size(config, data.view(), true);
    size.feature_entries = 100'000'000;
    std::uint64_t bytes = 0;
    for (const RunMemory::Part& part : estimate_run_memory(config, {data.features, data.labels}, size, 0).parts)
      bytes += part.what == "weighted values" ? part.bytes : 0;
    return bytes;
  };
  CHECK(copy(FeatureWeighting::tf_idf) == 4 * 100'000'000ull);
  CHECK(copy(FeatureWeighting::given) == 0);
}

TEST_CASE("labels among the features count for nothing, in any weighting with factors", "[unit]") {
  const Data clean = planted_data(500, 60, 40, 3);
  Data leak{101, 41, {}, clean.y};  // no row has label 40 or feature 100
  for (std::size_t row = 0; row < clean.size(); ++row) {
    Ids ids(clean.x.view().row_ids(row).begin(), clean.x.view().row_ids(row).end());
    Values values(clean.x.view().row_values(row).begin(), clean.x.view().row_values(row).end());
    for (const std::uint32_t label : clean.y.view().row_ids(row)) ids.push_back(60 + label), values.push_back(1);
    leak.x.add(ids, values);
  }
  for (const auto weighting : {FeatureWeighting::scaled, FeatureWeighting::tf_idf, FeatureWeighting::bm25}) {
    FeatureTransform of_clean(weighting), of_leak(weighting);
    of_clean.learn(clean.view(), nullptr);
    of_leak.learn(leak.view(), nullptr);
    const Values seen = applied(of_leak, {3, 61, 5, 100}, {1, 1, 2, 7}), expected = applied(of_clean, {3, 5}, {1, 2});
    CHECK(seen[0] == Approx(expected[0]));
    CHECK(seen[1] == 0);
    CHECK(seen[2] == Approx(expected[1]));
    CHECK(seen[3] == 0);
  }
}

}  // namespace glissade::test
