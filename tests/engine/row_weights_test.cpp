// Rows that count more or less than others: in each loss, among neighbours, where paths are weighed, and in the model file.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <glissade/learner.h>
#include <glissade/owned_rows.h>
#include <glissade/repeated_rows.h>
#include <glissade/training_start.h>

#include "engine/neighbours/votes.h"
#include "engine/ranking/ranker.h"
#include "engine/sparse_rows/row_training.h"
#include "engine/training/step.h"
#include "tests/engine/golden.h"

namespace glissade::test {
namespace {

DatasetView weighed(const Data& data, std::span<const float> weights) {
  DatasetView view = data.view();
  view.weights = weights;
  return view;
}

/// The first rows of `data`, the first of them three times.
Data with_two_more_of_the_first(const Data& data, std::size_t rows) {
  Data out{data.features, data.labels, {}, {}};
  const DatasetView view = data.view();
  for (std::size_t i = 0; i < rows + 2; ++i) {
    const std::size_t row = i < rows ? i : 0;
    out.x.add(view.features.row_ids(row), view.features.row_values(row));
    out.y.add(view.labels.row_ids(row));
  }
  return out;
}

/// Weights of a small model after one step of plain SGD on all rows.
std::vector<float> after_a_step(Config config, const DatasetView& view, double rate, double& loss) {
  config.network.storage = Storage::fp32;
  config.optimizer.kind = OptimizerKind::sgd;
  Model model = must(Model::create(config, {view.feature_count, view.label_count}));
  scatter_weights(model, 0.3, 5);
  std::vector<std::uint32_t> all(view.size());
  std::iota(all.begin(), all.end(), 0u);
  TrainingStep step(impl_of(model));
  const auto report = step.run(view, {all, {}, rate});
  REQUIRE(report.ok);
  loss = report.output.loss;
  return all_weights(model);
}

/// Most of the rows say label 1 of feature 0, few say label 0, and those count more.
Data contradiction() {
  Data data{8, 8, {}, {}};
  for (std::uint32_t i = 0; i < 400; ++i) {
    const std::uint32_t feature = i % 8;
    const std::uint32_t label = feature != 0 ? feature : i % 32 == 0 ? 0 : 1;
    const float value = 1.f + 0.001f * static_cast<float>(i);
    data.x.add({&feature, 1}, {&value, 1});
    data.y.add({&label, 1});
  }
  return data;
}

std::vector<float> counting_more_where_label_0(const Data& data) {
  std::vector<float> weights;
  for (const std::uint32_t label : data.y.ids) weights.push_back(label == 0 ? 40.f : 1.f);
  return weights;
}

std::string refusal(const DatasetView& view) {
  const auto start = prepare_training(view, {.preset = "plain"});
  return start ? std::string() : start.error().message;
}

}  // namespace

TEST_CASE("weights: a row of weight 3 moves a step as three such rows do, by every loss and output", "[unit][levels]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto kind = GENERATE(0, 1, 2);  // fused, unfused, per sample
  CAPTURE(static_cast<int>(loss), kind);
  Config config = small_config();
  config.network.loss = loss;
  config.active_set.sampler = kind == 2 ? SamplerKind::exact : SamplerKind::full;
  config.active_set.scope = kind == 2 ? Scope::sample : Scope::shared;
  config.active_set.size = 30;  // all
  config.active_set.fused = kind == 0;
  const Data data = random_data(40, 20, 30, 3), repeated = with_two_more_of_the_first(data, data.size());
  std::vector<float> weights(data.size(), 1.f);
  weights[0] = 3;
  double once = 0, thrice = 0;
  const std::vector<float> ours = after_a_step(config, weighed(data, weights), 4.0, once);
  const std::vector<float> theirs = after_a_step(config, repeated.view(), 4.0 * 42 / 40, thrice);
  CHECK(once == Approx(thrice).epsilon(1e-4));
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) REQUIRE(ours[i] == Approx(theirs[i]).margin(1e-4));
  double plain = 0;
  const std::vector<float> alike = after_a_step(config, data.view(), 4.0 * 42 / 40, plain);
  double apart = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) apart += std::abs(ours[i] - alike[i]);
  CHECK(apart > 0.01);
}

TEST_CASE("weights: gradients of sparse rows are that many times as large", "[unit]") {
  const Data data = random_data(300, 30, 10, 3);
  std::vector<float> weights(data.size(), 1.f);
  weights[7] = 2.5f;
  Config config;
  config.sparse_rows.fan_in = 30;
  const std::vector<std::uint32_t> all = all_rows(data);
  std::vector<std::vector<float>> found;
  for (const DatasetView& view : {data.view(), weighed(data, weights)}) {
    RankedPaths paths;
    paths.label_rows.weights = FeatureWeights(SparseWeighting::given, view);
    const LabelRows made = label_rows(view, all, paths.label_rows.weights, config.sparse_rows.fan_in);
    paths.label_rows.rows = label_rows(view, all, paths.label_rows.weights, config.sparse_rows.fan_in).rows;
    paths.label_rows.row_index = FeatureIndex(paths.label_rows.rows, data.features);
    RowTraining training(
        config, view, all, made,
        {paths.label_rows.weights, paths.label_rows.rows, paths.label_rows.row_index, paths.label_rows.row_state});
    std::vector<float> values(paths.label_rows.rows.entries());
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = widened(paths.label_rows.rows.values[j]);
    found.push_back(training.gradient_at(7, values));
  }
  double size = 0;
  for (std::size_t i = 0; i < found[0].size(); ++i) {
    if (std::abs(found[0][i]) < 0.01f) continue;  // of small ones parts are passed over
    REQUIRE(found[1][i] == Approx(2.5f * found[0][i]).epsilon(0.02));
    size += std::abs(found[0][i]);
  }
  CHECK(size > 0.1);
}

TEST_CASE("weights: a neighbour of weight 3 has three votes", "[unit]") {
  const std::uint32_t first[] = {0, 2}, second[] = {2, 1};
  Votes weighed(5), repeated(5);
  weighed.clear();
  weighed.add(0.9f, 3.f, first);
  weighed.add(0.7f, 1.f, second);
  repeated.clear();
  for (int i = 0; i < 3; ++i) repeated.add(0.9f, 1.f, first);
  repeated.add(0.7f, 1.f, second);
  CandidateSet ours(5), theirs(5);
  weighed.propose(3, ours);
  repeated.propose(3, theirs);
  ours.begin_features();
  theirs.begin_features();
  weighed.describe(ours);
  repeated.describe(theirs);
  REQUIRE(ours.labels() == theirs.labels());
  for (std::size_t c = 0; c < ours.labels().size(); ++c) {
    for (std::size_t i = 0; i < kCandidateFeatures; ++i)
      REQUIRE(ours.features()[c][i] == Approx(theirs.features()[c][i]).epsilon(1e-5));
  }
}

TEST_CASE("weights: to the rankers a sample of weight 2 is two samples", "[unit]") {
  RankingExamples weighed, repeated;
  hashing::Random random(12);
  for (int sample = 0; sample < 300; ++sample) {
    std::vector<CandidateFeatures> features(4, CandidateFeatures{});
    for (CandidateFeatures& one : features) {
      for (std::size_t t = 0; t < kPathFeatures; ++t) one[t] = static_cast<float>(random.unit());
    }
    std::vector<float> targets(4);
    targets[sample % 3] = 1;
    const std::vector<std::uint32_t> labels{0, 1, 2, 3};
    const bool twice = sample % 3 == 0;
    weighed.add(features, labels, targets, twice ? 2.f : 1.f);
    for (int i = 0; i < (twice ? 2 : 1); ++i) repeated.add(features, labels, targets);
  }
  std::vector<double> at(kPathFeatures, 0.3);
  const RankingSlope ours = ranking_slope_at(weighed, std::span<const double, kPathFeatures>(at));
  const RankingSlope theirs = ranking_slope_at(repeated, std::span<const double, kPathFeatures>(at));
  CHECK(ours.loss == Approx(theirs.loss).epsilon(2e-3));  // the units are deviations over all candidates, repeated ones twice
  for (std::size_t t = 0; t < kPathFeatures; ++t) CHECK(ours.gradient[t] == Approx(theirs.gradient[t]).margin(2e-3));
}

TEST_CASE("weights: what few rows that count much say wins over what many say; the model file keeps it", "[unit]") {
  const Data data = contradiction();
  const std::vector<float> weights = counting_more_where_label_0(data);
  const std::vector<std::string> settings = GENERATE(std::vector<std::string>{"0", "0"}, std::vector<std::string>{"20", "24"});
  CAPTURE(settings[0]);
  const std::uint32_t id = 0;
  const std::uint64_t ends[] = {0, 1};
  const SparseRows asked{ends, {&id, 1}, {}};
  std::vector<std::uint32_t> answers;
  for (const DatasetView& view : {data.view(), weighed(data, weights)}) {
    TrainingRequest request{.preset = "plain"};
    for (const auto& [name, value] : {std::pair{"neighbours", settings[0]}, std::pair{"fan-in", settings[1]},
                                      std::pair{"epochs", std::string("30")}, std::pair{"hidden", std::string("16")}})
      request.settings.push_back({name, value, ""});
    auto start = must(prepare_training(view, std::move(request)));
    CHECK(start.rows.weights.empty() == view.weights.empty());
    if (!start.rows.weights.empty())
      CHECK(std::accumulate(start.rows.weights.begin(), start.rows.weights.end(), 0.0) == Approx(data.size()).epsilon(1e-4));
    Trainer trainer = must(Trainer::create(*start.model, start.rows.size()));
    for (int epoch = 0; epoch < 30; ++epoch) must(trainer.train_epoch(start.rows));
    answers.push_back(must(start.model->predict(asked, {.k = 1})).labels[0]);
    const TemporaryFolder folder;
    must(start.model->save(folder.file("m"), true));
    const bool keeps = settings[0] != "0" && !view.weights.empty();
    CHECK(model_file::get(folder.file("m"))[8] == (keeps ? 3 : 1));
    const Model loaded = must(Model::load(folder.file("m"), LoadFor::inference));
    const Predictions theirs = must(loaded.predict(data.view().inputs(), {.k = 3}));
    CHECK(theirs.scores == must(start.model->predict(data.view().inputs(), {.k = 3})).scores);
    if (!keeps) continue;
    // A learner's file has the votes of old rows and of new ones.
    auto learner = must(Learner::create(must(Model::load(folder.file("m"), LoadFor::training)), {}));
    must(learner.learn({data.features, data.labels, asked, {ends, {&id, 1}, {}}}));
    must(learner.save(folder.file("more")));
    Model more = must(Model::load(folder.file("more"), LoadFor::inference));
    const NeighbourPath& path = impl_of(more).paths.neighbours;
    REQUIRE(path.sample_weights.size() == data.size() + 1);
    CHECK(path.weight_of(0) == impl_of(*start.model).paths.neighbours.weight_of(0));
    CHECK(path.weight_of(static_cast<std::uint32_t>(data.size())) == 1.f);
  }
  CHECK(answers == std::vector<std::uint32_t>{1, 0});
}

namespace {

/// One row per feature.
Predictions asked_of_golden(const Model& model) {
  std::vector<std::uint32_t> ids(8);
  std::iota(ids.begin(), ids.end(), 0u);
  std::vector<std::uint64_t> offsets(9);
  std::iota(offsets.begin(), offsets.end(), 0u);
  return must(model.predict(InputRows(offsets, ids), {.k = 3}));
}

}  // namespace

TEST_CASE("weights: a model file of format version 3 predicts what it did when it was written", "[unit][levels]") {
  const Model model = must(Model::load(golden("model_v3.glsd")));
  const Predictions found = asked_of_golden(model);
  CHECK(found.labels[0] == 0);  // of few rows that count much
  check_as_written(found, golden("model_v3.txt"));
}

TEST_CASE("write the golden model of format version 3", "[.write-golden]") {
  const Data data = contradiction();
  Config config = small_config();
  config.network.hidden = {8};
  config.candidates.neighbours = 20;
  const std::vector<float> weights = counting_more_where_label_0(data);
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  for (int epoch = 0; epoch < 4; ++epoch) must(trainer.train_epoch(weighed(data, weights)));
  must(model.save("model_v3.glsd", false));
  write_answers(asked_of_golden(model), "model_v3.txt");
}

TEST_CASE("weights: rows of 0 are as if they were not there, and equal weights as if there were none", "[unit]") {
  const Data data = planted_data(200, 40, 12, 3);
  std::vector<float> weights(data.size(), 0.5f);
  std::vector<bool> out(data.size());
  const auto trained = [](const DatasetView& view) {
    auto start = must(prepare_training(view, {.preset = "plain"}));
    Trainer trainer = must(Trainer::create(*start.model, start.rows.size()));
    must(trainer.train_epoch(start.rows));
    return saved(*start.model);
  };
  CHECK((trained(weighed(data, weights)) == trained(data.view())));
  for (std::size_t row = 0; row < data.size(); row += 3) {
    weights[row] = 0;
    out[row] = true;
  }
  const OwnedRows rest = copy_rows(data.view(), out, false);
  CHECK((trained(weighed(data, weights)) == trained(rest.view())));
  weights[1] = 2;
  CHECK((trained(weighed(data, weights)) != trained(rest.view())));
}

TEST_CASE("weights: they stay with their rows, and rows that count otherwise are no repeats", "[unit]") {
  Data data{3, 2, {}, {}};
  const std::uint32_t feature = 1, label = 1;
  for (int i = 0; i < 4; ++i) {
    data.x.add({&feature, 1});
    data.y.add({&label, 1});
  }
  const std::vector<float> weights{1, 2, 2, 3};
  const DatasetView view = weighed(data, weights);
  const OwnedRows some = copy_rows(view, {false, true, false, true});
  CHECK(some.weights == std::vector<float>{2, 3});
  const OwnedRows both = join_rows(some.view(), data.view());
  CHECK(both.weights == std::vector<float>{2, 3, 1, 1, 1, 1});
  CHECK(repeated_rows(data.view()) == std::vector<bool>{false, true, true, true});
  CHECK(repeated_rows(view) == std::vector<bool>(4));
  CHECK(fingerprint(view) != fingerprint(data.view()));
}

TEST_CASE("weights: bad ones are told", "[unit]") {
  const Data data = planted_data(4, 10, 5, 3);
  const float nan = std::nanf("");
  CHECK(refusal(weighed(data, std::vector<float>{1, 2})) == "2 weights for 4 rows; give one for each row");
  CHECK(refusal(weighed(data, std::vector<float>{1, 2, -1, 1})) == "row 2 has the weight -1; give numbers of 0 or more");
  CHECK(refusal(weighed(data, std::vector<float>{1, nan, 1, 1})) == "row 1 has the weight nan; give numbers of 0 or more");
  CHECK(refusal(weighed(data, std::vector<float>(4))) ==
        "all rows have the weight 0, so there is nothing to learn; give some weights above 0");
  Model model = make_model(small_config(), data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  const std::vector<float> with_none{1, 0, 1, 1};
  const auto told = trainer.train_epoch(weighed(data, with_none));
  REQUIRE_FALSE(told);
  CHECK(told.error().message == "row 1 counts 0; give weights above 0");
  const auto step = trainer.train_step(weighed(data, with_none));
  REQUIRE_FALSE(step);
  CHECK(step.error().message == "row 1 counts 0; give weights above 0");
}

}  // namespace glissade::test
