// The sparse paths as parts of a model: what they add, that they are saved, and that nothing about them is left to chance.
#include <catch2/catch.hpp>

#include <algorithm>

#include <glissade/metrics.h>
#include <glissade/options.h>

#include "engine/model_file/container.h"
#include "engine/relations/kept_together.h"
#include "engine/training/ranker_fit.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

Config sparse_config() {
  Config config = small_config();
  config.sparse_rows.fan_in = 32;
  config.sparse_rows.epochs = 2;
  config.candidates.neighbours = 20;
  config.candidates.co_labels = 8;
  config.training.epochs = 2;
  return config;
}

double precision(const Model& model, const Data& test) { return must(evaluate(model, test.view(), {})).metrics.precision[0]; }

Model trained(const Config& config, const Data& data) {
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  return model;
}

}  // namespace

TEST_CASE("sparse rows, trained or not, and neighbours each know more than a hidden layer that has hardly begun",
          "[unit][levels]") {
  const Data data = planted_data(1500, 600, 200, 3), test = planted_data(400, 600, 200, 4);
  Config config = sparse_config();
  config.optimizer.learning_rate = 1e-4;
  config.sparse_rows.fan_in = config.candidates.neighbours = 0;
  const double hidden = precision(trained(config, data), test);
  config.sparse_rows.fan_in = 32;
  config.sparse_rows.epochs = 0;
  const double rows = precision(trained(config, data), test);
  config.sparse_rows.epochs = 2;
  const double trained_rows = precision(trained(config, data), test);
  config.sparse_rows.fan_in = 0;
  config.candidates.neighbours = 20;
  const double neighbours = precision(trained(config, data), test);
  CAPTURE(hidden, rows, trained_rows, neighbours);
  CHECK(rows > hidden + 0.2);
  CHECK(trained_rows > rows - 0.02);
  CHECK(neighbours > hidden + 0.2);
}

TEST_CASE("sparse paths do not depend on the number of threads, and survive the model file", "[unit]") {
  const Data data = planted_data(900, 300, 120, 3), test = planted_data(50, 300, 120, 4);
  Config config = sparse_config();
  const Model model = trained(config, data);
  config.run.threads = 2;
  REQUIRE((saved(trained(config, data)) == saved(model)));
  const TemporaryFolder folder;
  for (const bool with_state : {true, false}) {
    must(model.save(folder.file("m.glsd"), with_state));
    const Model loaded = must(Model::load(folder.file("m.glsd")));
    const Predictions a = must(model.predict(test.x.view())), b = must(loaded.predict(test.x.view()));
    CHECK(a.labels == b.labels);
    CHECK(a.scores == b.scores);
  }
}

TEST_CASE("a run with sparse paths that was interrupted goes on as if it had not been", "[unit]") {
  const Data data = planted_data(900, 300, 120, 3);
  const Config config = sparse_config();
  const Model whole = trained(config, data);
  Model half = make_model(config, data);
  train(half, data, 1);
  const TemporaryFolder folder;
  must(half.save(folder.file("m.glsd")));
  Model resumed = must(Model::load(folder.file("m.glsd"), LoadFor::training));
  train(resumed, data, 1);
  REQUIRE((saved(resumed) == saved(whole)));
}

TEST_CASE("samples kept for weighing the paths are few, and the same each time", "[unit]") {
  const Config config = sparse_config();
  const auto kept_of = [&](std::size_t samples) {
    std::vector<std::uint64_t> offsets(samples + 1);  // without features and labels: a sample is known by its place
    DatasetView data;
    data.features.offsets = data.labels.offsets = offsets;
    std::size_t kept = 0;
    for (std::size_t row = 0; row < samples; ++row) kept += is_kept_for_ranking(config, data, {}, row);
    return kept;
  };
  CHECK(kept_of(1'000'000) == Approx(10'000).epsilon(0.06));
  CHECK(kept_of(10'000) == Approx(300).epsilon(0.2));
}

TEST_CASE("with exclude-input all splits of a basket are kept for weighing the paths, or none", "[unit]") {
  constexpr std::size_t kBaskets = 4000, kSplits = 5, kAsked = 2;
  Data data{1000, 1000, {}, {}};
  hashing::Random random(3);
  for (std::size_t basket = 0; basket < kBaskets; ++basket) {
    auto items = distinct(random, kSplits * kAsked, 1000);
    for (std::size_t split = 0; split < kSplits; ++split) {
      data.y.add(std::span(items).first(kAsked));
      data.x.add(std::span(items).subspan(kAsked));
      std::rotate(items.begin(), items.begin() + kAsked, items.end());
    }
  }
  Config config = sparse_config();
  std::vector<std::uint64_t> together;
  const auto kept_of = [&](std::size_t basket) {
    std::size_t kept = 0;
    for (std::size_t split = 0; split < kSplits; ++split)
      kept += is_kept_for_ranking(config, data.view(), together, kSplits * basket + split);
    return kept;
  };
  std::size_t whole = 0, torn = 0;
  for (std::size_t basket = 0; basket < kBaskets; ++basket) torn += kept_of(basket) % kSplits != 0;
  CHECK(torn > kBaskets / 20);
  CHECK(kept_together(config, data.view(), OwnLabels({}, 1000)).empty());
  config.candidates.exclude_input = true;
  together = kept_together(config, data.view(), OwnLabels({}, 1000));
  torn = 0;
  for (std::size_t basket = 0; basket < kBaskets; ++basket) {
    whole += kept_of(basket) == kSplits;
    torn += kept_of(basket) % kSplits != 0;
  }
  CHECK(torn == 0);
  CHECK(static_cast<double>(whole) == Approx(0.03 * kBaskets).epsilon(0.3));
}

TEST_CASE("with exclude-input no feature of a sample is predicted as its label", "[unit]") {
  Data data = planted_data(800, 100, 100, 6);
  Config config = sparse_config();
  config.candidates.exclude_input = true;
  const Model model = trained(config, data);
  const Predictions predictions = must(model.predict(data.x.view()));
  std::size_t predicted = 0;
  for (std::size_t row = 0; row < data.size(); ++row) {
    const auto ids = data.x.view().row_ids(row);
    for (std::size_t i = 0; i < predictions.k; ++i) {
      const std::uint32_t label = predictions.labels[row * predictions.k + i];
      predicted += label != Predictions::kNoLabel;
      CHECK(std::ranges::find(ids, label) == ids.end());
    }
  }
  CHECK(predicted > data.size());
}

TEST_CASE("a linear finds the weights that its examples were made with", "[unit]") {
  hashing::Random random(5);
  CandidateFeatures truth{};
  truth[0] = 1.5f;
  truth[1] = -2.f;
  truth[6] = 0.7f;
  RankingExamples examples;
  for (int sample = 0; sample < 4000; ++sample) {
    std::vector<CandidateFeatures> candidates(6);
    std::vector<float> targets(6, 0.f);
    double sum = 0;
    std::vector<double> p;
    for (CandidateFeatures& features : candidates) {
      double z = 0;
      for (std::size_t i = 0; i < kPathFeatures; ++i) {
        features[i] = static_cast<float>(2 * random.unit() - 1);
        z += truth[i] * features[i];
      }
      p.push_back(std::exp(z));
      sum += p.back();
    }
    double draw = random.unit() * sum;
    std::size_t label = 0;
    while (label + 1 < p.size() && draw >= p[label]) draw -= p[label++];
    targets[label] = 1;
    examples.add(candidates, std::vector<std::uint32_t>(6), targets);
  }
  const LinearRanker linear = LinearRanker::fit(examples);
  for (std::size_t i = 0; i < kPathFeatures; ++i) CHECK(linear.weights[i] == Approx(truth[i]).margin(0.15));
}

TEST_CASE("arrays that do not make whole sparse paths are named", "[unit]") {
  const Data data = planted_data(300, 100, 40, 3);
  const auto paths = [&] {
    std::vector<std::uint32_t> rows(data.size());
    for (std::uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
    return build_paths(sparse_config(), data.view(), rows);
  };
  const Shape shape{data.features, data.labels};
  CHECK(paths().defect(shape).empty());
  CHECK(paths().defect({data.features, data.labels + 1}) == "its sparse rows are not one per label");
  auto broken = paths();
  broken.label_rows.rows.ids[3] = data.features;
  CHECK(broken.defect(shape) == "a sparse row has an entry beyond the model's features or labels");
  broken = paths();
  broken.neighbours.samples.offsets[1] = broken.neighbours.samples.entries() + 1;
  CHECK(broken.defect(shape) == "sparse rows do not fit together");
  broken = paths();
  broken.neighbours.labels[0] = data.labels;
  CHECK(broken.defect(shape) == "a sample has a label beyond the model's");
  broken = paths();
  broken.linear.weights = Array<float>(3);
  CHECK(broken.defect(shape) == "its sparse paths are not complete");
  broken = paths();
  REQUIRE(broken.label_rows.row_state.low.size() == broken.label_rows.rows.entries());
  broken.label_rows.row_state.low = Array<std::uint16_t>(broken.label_rows.rows.entries() - 1);
  CHECK(broken.defect(shape) == "the training state of its sparse rows does not fit them");
  broken = paths();
  broken.label_rows.row_state.second_moments = Array<float>(data.labels + 1);
  CHECK(broken.defect(shape) == "the training state of its sparse rows does not fit them");
}

TEST_CASE("what trained sparse rows need to go on is in the model file, and not in a slim one", "[unit]") {
  using model_file::SectionKind;
  const Data data = planted_data(300, 100, 40, 3);
  const Model model = trained(sparse_config(), data);
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  must(model.save(folder.file("slim.glsd"), false));
  const auto whole = must(model_file::Reader::open(folder.file("m.glsd"))),
             slim = must(model_file::Reader::open(folder.file("slim.glsd")));
  const std::size_t entries = whole.bytes(SectionKind::sparse_ids, 0).size() / sizeof(std::uint32_t);
  CHECK(whole.bytes(SectionKind::sparse_low, 0).size() == entries * sizeof(std::uint16_t));
  CHECK(whole.bytes(SectionKind::sparse_second_moment, 0).size() == data.labels * sizeof(float));
  CHECK_FALSE(slim.has(SectionKind::sparse_low));
  CHECK_FALSE(slim.has(SectionKind::sparse_second_moment));
  Model again = must(Model::load(folder.file("m.glsd"), LoadFor::training));
  CHECK((saved(again) == saved(model)));
}

}  // namespace glissade::test
