// Model files of every format version so far must load and predict the same for good, at every instruction-set level.
//
// golden/model_v1.glsd was written by the hidden test case below, golden/model_v1.txt holds what it predicted: one line per
// sample, "label:score" for the best five. Never write these again; a new format version gets new files beside them.

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/engine/golden.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kGoldenFeatures = 60, kGoldenLabels = 30;
constexpr double kGap = 0.05;  ///< between the scores of neighbours in a top list: several times what levels differ by

/// The samples that are asked for: those of `planted_data(100, ..., 77)` with clear answers.
Data questions(const Model& model) {
  const Data data = planted_data(100, kGoldenFeatures, kGoldenLabels, 77);
  const Predictions all = must(model.predict(data.x.view(), {.k = 6}));
  Data clear{kGoldenFeatures, kGoldenLabels, {}, {}};
  for (std::size_t s = 0; s < data.size() && clear.size() < 8; ++s) {
    bool gaps = true;
    for (std::size_t i = 1; i < 6; ++i) gaps &= all.scores[s * 6 + i - 1] - all.scores[s * 6 + i] > kGap;
    if (gaps) clear.x.add(data.x.view().row_ids(s), data.x.view().row_values(s));
    if (gaps) clear.y.add(data.y.view().row_ids(s));
  }
  return clear;
}

Predictions expected() {
  Predictions out;
  std::ifstream file(golden("model_v1.txt"));
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::uint32_t label;
    float score;
    char colon;
    while (words >> label >> colon >> score) {
      out.labels.push_back(label);
      out.scores.push_back(score);
    }
  }
  return out;
}

/// The frozen features of the samples in model_v1.txt, one line each: "feature:value ...".
Rows frozen_rows() {
  Rows rows;
  std::ifstream file(golden("samples_v1.txt"));
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::vector<std::uint32_t> ids;
    std::vector<float> values;
    std::uint32_t id;
    float value;
    char colon;
    while (words >> id >> colon >> value) {
      ids.push_back(id);
      values.push_back(value);
    }
    rows.add(ids, values);
  }
  return rows;
}

}  // namespace

TEST_CASE("a model file of format version 1 predicts what it did when it was written", "[unit][levels]") {
  const Rows rows = frozen_rows();
  const Predictions wanted = expected();
  REQUIRE(rows.offsets.size() == 9);
  REQUIRE(wanted.labels.size() == 8 * 5);
  for (const auto purpose : {LoadFor::inference, LoadFor::training}) {
    const Model model = must(Model::load(golden("model_v1.glsd"), purpose));
    REQUIRE(model.shape().features == kGoldenFeatures);
    REQUIRE(model.shape().labels == kGoldenLabels);
    REQUIRE(model.config().network.hidden == std::vector<std::uint32_t>{12, 8});
    REQUIRE(model.config().active_set.sampler == SamplerKind::lsh);
    REQUIRE(model.config().optimizer.learning_rate == 0.02);
    REQUIRE(model.epochs_done() == 4);
    REQUIRE(model.step() == 52);
    REQUIRE(model.training_samples() == 400);
    REQUIRE(model.label_names().at(29) == "label 29");
    REQUIRE(model.feature_names().empty());
    const Predictions found = must(model.predict(rows.view()));
    REQUIRE(found.labels == wanted.labels);
    for (std::size_t i = 0; i < wanted.scores.size(); ++i) REQUIRE(found.scores[i] == Approx(wanted.scores[i]).margin(kGap / 4));
    // One by one goes another way through the kernels.
    for (std::size_t s = 0; s < 8; ++s) {
      SparseRows one = rows.view();
      one.offsets = one.offsets.subspan(s, 2);
      const Predictions alone = must(model.predict(one));
      REQUIRE(std::equal(alone.labels.begin(), alone.labels.end(), wanted.labels.begin() + static_cast<std::ptrdiff_t>(s * 5)));
    }
  }
}

TEST_CASE("training goes on from a model file of format version 1", "[unit][levels]") {
  Model model = must(Model::load(golden("model_v1.glsd"), LoadFor::training));
  const Data data = planted_data(400, kGoldenFeatures, kGoldenLabels, 76);
  const auto losses = train(model, data, 1);
  REQUIRE(model.step() == 65);
  REQUIRE(losses[0] < 2.5);  // 3.4 is a uniform guess
}

TEST_CASE("write the golden model of format version 1", "[.write-golden]") {
  Config config = small_config();
  config.network.hidden = {12, 8};
  config.active_set.sampler = SamplerKind::lsh;
  config.active_set.size = 20;
  const Data data = planted_data(400, kGoldenFeatures, kGoldenLabels, 76);
  Model model = make_model(config, data);
  train(model, data, 4);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < kGoldenLabels; ++i) names.push_back("label " + std::to_string(i));
  must(model.set_label_names(names));
  const std::string version = "_v1";
  must(model.save("model" + version + ".glsd"));
  const Data asked = questions(model);
  REQUIRE(asked.size() == 8);
  const Predictions found = must(model.predict(asked.x.view()));
  std::ofstream answers("model" + version + ".txt"), samples("samples" + version + ".txt");
  answers.precision(9);
  samples.precision(9);
  for (std::size_t s = 0; s < asked.size(); ++s) {
    for (std::size_t i = 0; i < 5; ++i)
      answers << (i == 0 ? "" : " ") << found.labels[s * 5 + i] << ':' << found.scores[s * 5 + i];
    for (std::size_t e = asked.x.offsets[s]; e < asked.x.offsets[s + 1]; ++e) {
      samples << (e == asked.x.offsets[s] ? "" : " ") << asked.x.ids[e] << ':' << asked.x.values[e];
    }
    answers << '\n';
    samples << '\n';
  }
}

}  // namespace glissade::test
