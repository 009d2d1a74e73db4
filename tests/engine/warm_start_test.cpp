// New runs that start from the weights of a finished model.
#include <catch2/catch.hpp>

#include <glissade/metrics.h>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

std::vector<std::string> numbered(const char* what, std::uint32_t count) {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) names.push_back(what + std::to_string(i));
  return names;
}

double precision(const Model& model, const Data& test) { return must(evaluate(model, test.view(), {})).metrics.precision[0]; }

std::vector<float> output_row(const Model& model, std::size_t label) {
  const ParameterRows& rows = impl_of(model).network.output;
  std::vector<float> values(rows.width());
  rows.read(label, values.data());
  values.push_back(rows.bias[label]);
  return values;
}

}  // namespace

TEST_CASE("a model made from another answers as that one does before it trains", "[unit]") {
  const Data data = planted_data(800, 120, 60, 4), test = planted_data(100, 120, 60, 6);
  Config config = small_config();
  config.network.hidden = {16, 12};
  config.network.storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  if (GENERATE(false, true)) {  // the connections of the former model are the largest weights
    config.network.hidden = {128};
    config.connections.density = 0.2;
    config.network.start = Start::centroids;
  }
  Model former = make_model(config, data);
  train(former, data, 4);
  Model::Taken taken;
  const Model fresh = must(Model::create_from(former, config, former.shape(), {}, {}, &taken));
  CHECK(taken.labels == 60);
  CHECK(taken.features == 120);
  CHECK(all_weights(fresh) == all_weights(former));
  CHECK(fresh.step() == 0);
  CHECK(fresh.epochs_done() == 0);
  CHECK(fresh.data_fingerprint() == 0);
  CHECK(must(fresh.predict(test.x.view())).labels == must(former.predict(test.x.view())).labels);
}

TEST_CASE("a slim model loaded for inference is one to start from, and new data are no hindrance", "[unit]") {
  const Data data = planted_data(800, 120, 60, 4), newer = planted_data(800, 120, 60, 5), test = planted_data(300, 120, 60, 6);
  Config config = small_config();
  config.training.epochs = 1;
  Model former = make_model(config, data);
  train(former, data, 1);
  const TemporaryFolder folder;
  must(former.save(folder.file("m.glsd"), false));
  const Model loaded = must(Model::load(folder.file("m.glsd")));
  Model warm = must(Model::create_from(loaded, config, loaded.shape())), cold = make_model(config, newer);
  train(warm, newer, 1);
  train(cold, newer, 1);
  CHECK(precision(warm, test) > precision(cold, test) + 0.05);
}

TEST_CASE("rows are matched by name where there are names; others start as in a new model", "[unit]") {
  const Data data = planted_data(400, 60, 40, 4);
  Config config = small_config();
  Model former = make_model(config, data);
  must(former.set_label_names(numbered("l", 40)));
  must(former.set_feature_names(numbered("f", 60)));
  train(former, data, 2);
  std::vector<std::string> labels = numbered("l", 40);
  std::ranges::reverse(labels);
  labels.push_back("new");
  labels.erase(labels.begin());  // l39 is gone
  Model::Taken taken;
  const Model warm = must(Model::create_from(former, config, {60, 40}, numbered("f", 60), labels, &taken));
  CHECK(taken.labels == 39);
  CHECK(warm.label_names() == labels);
  CHECK(output_row(warm, 0) == output_row(former, 38));
  CHECK(output_row(warm, 38) == output_row(former, 0));
  const Model cold = must(Model::create(config, {60, 40}));
  CHECK(output_row(warm, 39) == output_row(cold, 39));
  const Model wider = must(Model::create_from(former, config, {70, 41}, numbered("f", 70), numbered("l", 41), &taken));
  CHECK(taken.labels == 40);
  CHECK(taken.features == 60);
  CHECK(wider.shape().labels == 41);
}

TEST_CASE("rows that were taken over keep their weights where the others start from centroids", "[unit]") {
  const Data data = planted_data(400, 60, 40, 4);
  Config config = small_config();
  Model former = make_model(config, data);
  must(former.set_label_names(numbered("l", 40)));
  train(former, data, 2);
  config.network.start = Start::centroids;
  config.optimizer.learning_rate = 0;
  std::vector<std::string> labels = numbered("l", 40);
  labels[5] = "new";
  Model warm = must(Model::create_from(former, config, {60, 40}, {}, labels));
  const auto random = output_row(warm, 5);
  train(warm, data, 1);
  CHECK(output_row(warm, 4) == output_row(former, 4));
  CHECK(output_row(warm, 5) != random);
}

TEST_CASE("a model that cannot be started from is refused in a line", "[unit]") {
  const Data data = planted_data(50, 60, 40, 4);
  const Model former = make_model(small_config(), data);
  Config config = small_config();
  config.network.hidden = {24};
  CHECK(Model::create_from(former, config, {60, 40}).error().message ==
        "option 'hidden': the former model has hidden layers of other widths; give the same ones");
  config = small_config();
  config.network.activation = Activation::linear;
  CHECK(Model::create_from(former, config, {60, 40}).error().message ==
        "option 'activation': the former model has another one; give the same");
  CHECK(Model::create_from(former, small_config(), {60, 41}).error().message ==
        "the former model has 40 labels, the new one 41, and names to match them by are missing; give label names to both, or "
        "data of the same size");
}

}  // namespace glissade::test
