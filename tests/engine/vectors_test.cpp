// Dense vectors beside the features: what a step does with them, and that they stay with their rows.

#include <oneapi/tbb/global_control.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/model_file_parts.h>
#include <glissade/options.h>
#include <glissade/owned_rows.h>
#include <glissade/repeated_rows.h>

#include "engine/batches/checked_vectors.h"
#include "engine/features/vector_scale.h"
#include "engine/model_file/layout.h"
#include "engine/training/step.h"
#include "tests/engine/golden.h"
#include "tests/engine/vector_data.h"

namespace glissade::test {
namespace {

/// The same numbers as features behind the others.
Data as_features(const VectorData& with) {
  Data out{with.data.features + with.width, with.data.labels, {}, with.data.y};
  const SparseRows rows = with.data.x.view();
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    std::vector<std::uint32_t> ids(rows.row_ids(i).begin(), rows.row_ids(i).end());
    std::vector<float> values(rows.row_values(i).begin(), rows.row_values(i).end());
    for (std::uint32_t j = 0; j < with.width; ++j) {
      ids.push_back(with.data.features + j);
      values.push_back(with.numbers[i * with.width + j]);
    }
    out.x.add(ids, values);
  }
  return out;
}

std::vector<float> weights_of(const ParameterRows& rows, std::size_t row) {
  std::vector<float> values(rows.width());
  rows.read(row, values.data());
  return values;
}

std::string refusal(const Result<void>& result) { return result ? std::string() : result.error().message; }

}  // namespace

TEST_CASE("vectors: a step is that of the same numbers as features, whose gradients are checked", "[unit][levels]") {
  const VectorData data = with_vectors(random_data(300, 20, 40, 3), 37, 4);  // more than a block of samples
  const Data expanded = as_features(data);
  Config config = small_config();
  config.network.storage = Storage::fp32;
  config.optimizer.kind = OptimizerKind::sgd;
  config.network.hidden = {70, 12};  // more than a block of rows
  Model model = made(config, data), reference = must(Model::create(config, {expanded.features, expanded.labels}));
  scatter_weights(model, 0.3, 5);
  scatter_weights(reference, 0.3, 5);
  Network &network = impl_of(model).network, &other = impl_of(reference).network;
  const std::size_t width = network.input.rows.width();
  for (std::size_t f = 0; f < data.data.features; ++f) other.input.rows.write(f, weights_of(network.input.rows, f).data());
  for (std::size_t j = 0; j < data.width; ++j) {
    std::vector<float> column(width);
    for (std::size_t unit = 0; unit < width; ++unit) column[unit] = weights_of(network.vectors.rows, unit)[j];
    other.input.rows.write(data.data.features + j, column.data());
  }
  other.input.bias.write(0, weights_of(network.input.bias, 0).data());
  other.dense[0].rows.take_forward(network.dense[0].rows);
  other.output.take_forward(network.output);

  std::vector<std::uint32_t> all(data.data.size());
  std::iota(all.begin(), all.end(), 0u);
  TrainingStep step(impl_of(model)), reference_step(impl_of(reference));
  const auto report = step.run(data.view(), {all, {}, 8.0}), expected = reference_step.run(expanded.view(), {all, {}, 8.0});
  REQUIRE(report.ok);
  REQUIRE(report.output.loss == Approx(expected.output.loss).epsilon(1e-5));
  double moved = 0;
  for (std::size_t j = 0; j < data.width; ++j) {
    const std::vector<float> column = weights_of(other.input.rows, data.data.features + j);
    for (std::size_t unit = 0; unit < width; ++unit) {
      const float weight = weights_of(network.vectors.rows, unit)[j];
      REQUIRE(weight == Approx(column[unit]).margin(2e-5));
      moved += std::abs(weight);
    }
  }
  REQUIRE(moved > 0);
  for (std::size_t f = 0; f < data.data.features; ++f) {
    const auto own = weights_of(network.input.rows, f), its = weights_of(other.input.rows, f);
    for (std::size_t unit = 0; unit < width; ++unit) REQUIRE(own[unit] == Approx(its[unit]).margin(2e-5));
  }
}

TEST_CASE("vectors: a step moves their weights, with every storage and optimiser, also where gradients wait", "[unit]") {
  const Mode& mode = GENERATE(from_range(modes()));
  const std::uint32_t accumulate = GENERATE(1u, 2u);
  CAPTURE(mode.name, accumulate);
  const VectorData data = told_by_vectors(600, 12, 33);
  Config config = small_config();
  mode.apply(config);
  config.training.accumulate = accumulate;
  config.training.epochs = 6;
  Model model = made(config, data);
  const ParameterRows& rows = impl_of(model).network.vectors.rows;
  const std::vector<float> start = weights_of(rows, 5);
  trained(model, data, 6);
  CHECK(weights_of(rows, 5) != start);
  const Predictions best = must(model.predict(data.view().inputs(), {.k = 1}));
  std::size_t hits = 0;
  for (std::size_t row = 0; row < data.data.size(); ++row) hits += best.labels[row] == data.data.y.ids[row] ? 1 : 0;
  CHECK(hits > 500);
}

TEST_CASE("vectors: saved models do not depend on the number of threads", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const tbb::global_control more_than_cores(tbb::global_control::max_allowed_parallelism, 4);
  const VectorData data = with_vectors(planted_data(700, 300, 200, 3), 40, 6);
  Config config = small_config();
  config.network.storage = storage;
  config.network.hidden = {72};
  config.training.batch = 290;
  std::string first;
  for (const std::uint32_t threads : {1u, 3u}) {
    config.run.threads = threads;
    Model model = made(config, data);
    trained(model, data, 2);
    const std::string bytes = saved(model);
    if (first.empty()) first = bytes;
    REQUIRE((bytes == first));
  }
}

TEST_CASE("vectors: a model comes back from its file, which older builds refuse; one without them is as before", "[unit]") {
  const VectorData data = with_vectors(planted_data(200, 60, 50, 3), 9, 6);
  Config config = small_config();
  config.sparse_rows.fan_in = 8;
  config.candidates.neighbours = 5;
  Model model = made(config, data);
  trained(model, data, 2);
  const TemporaryFolder folder;
  must(model.save(folder.file("m"), false));
  const auto header = [&](const char* name) {
    model_file::Header out;
    std::memcpy(&out, model_file::get(folder.file(name)).data(), sizeof out);
    return out;
  };
  CHECK(header("m").version == 2);
  const Model loaded = must(Model::load(folder.file("m")));
  CHECK(loaded.shape().vector_width == 9);
  const auto inputs = data.view().inputs();
  const Predictions before = must(model.predict(inputs)), after = must(loaded.predict(inputs));
  CHECK(before.labels == after.labels);
  CHECK(before.scores == after.scores);

  Model plain = make_model(config, data.data);
  must(plain.save(folder.file("plain")));
  CHECK(header("plain").version == 1);
  CHECK(must(Model::load(folder.file("plain"))).shape().vector_width == 0);
}

namespace {

/// Rows to ask the golden model of version 2, the same for good.
struct Asked {
  std::vector<std::uint64_t> offsets = std::vector<std::uint64_t>(6);
  std::vector<float> numbers;

  Asked() {
    for (int i = 0; i < 5 * 12; ++i) numbers.push_back(5.f + static_cast<float>(i * i % 17 - 8) / 8.f);
  }
  InputRows inputs() const { return {{offsets, {}, {}}, {numbers.data(), 12, 12, 5}}; }
};

}  // namespace

TEST_CASE("vectors: a model file of format version 2 predicts what it did when it was written", "[unit][levels]") {
  const Model model = must(Model::load(golden("model_v2.glsd")));
  REQUIRE(model.shape().vector_width == 12);
  const Predictions found = must(model.predict(Asked().inputs(), {.k = 3}));
  check_as_written(found, golden("model_v2.txt"));
}

TEST_CASE("vectors: their weights are parts of the hidden layers in a model file", "[unit]") {
  const auto parts = must(model_file_parts(golden("model_v2.glsd")));
  const auto bytes = [&](std::string_view name) {
    return std::ranges::find(parts, name, [](const ModelFilePart& part) { return std::string_view(part.name); })->bytes;
  };
  CHECK(bytes("rows of labels") == 8 * 32 * 2 + 8 * 4);
  CHECK(bytes("hidden layers") == 8 * 32 * 2 + 32 * 4);
}

TEST_CASE("write the golden model of format version 2", "[.write-golden]") {
  Config config = small_config();
  config.network.hidden = {8};
  const VectorData data = told_by_vectors(200, 8, 12);
  Model model = made(config, data);
  trained(model, data, 4);
  must(model.save("model_v2.glsd", false));
  const Predictions found = must(model.predict(Asked().inputs(), {.k = 3}));
  write_answers(found, "model_v2.txt");
}

TEST_CASE("vectors: a run that is stopped, saved and loaded equals one that never stopped", "[unit]") {
  const VectorData data = with_vectors(planted_data(150, 80, 90, 5), 10, 6);
  Config config = small_config();
  config.training.epochs = 2;
  config.schedule.average = GENERATE(0.0, 0.5);
  Model straight = made(config, data);
  trained(straight, data, 2);
  const TemporaryFolder folder;
  must(made(config, data).save(folder.file("m")));
  for (;;) {
    Model model = must(Model::load(folder.file("m"), LoadFor::training));
    if (model.epochs_done() == 2) {
      REQUIRE((saved(model) == saved(straight)));
      break;
    }
    Trainer trainer = must(Trainer::create(model, data.data.size()));
    const std::uint64_t begin = model.step();
    must(trainer.train_epoch(data.view(), PassCallbacks{{}, [&] { return model.step() - begin < 2; }}));
    must(model.save(folder.file("m")));
  }
}

TEST_CASE("vectors: what does not fit the model is refused with one line", "[unit]") {
  VectorData data = with_vectors(planted_data(40, 30, 20, 3), 8, 6);
  const Model model = made(small_config(), data);
  const auto message = [&](const InputRows& inputs) {
    const auto answer = model.predict(inputs);
    return answer ? std::string() : answer.error().message;
  };
  const SparseRows rows = data.data.x.view();
  CHECK(message({rows, data.vectors()}).empty());
  CHECK(message(rows) == "the model takes a vector of 8 numbers with each row, and there are none; give them");
  DenseRows wrong = data.vectors();
  wrong.width = 7;
  CHECK(message({rows, wrong}) == "the vectors have 7 numbers each, those of the model 8; give vectors of the same kind");
  CHECK(message({rows, data.vectors().piece(0, 39)}) == "there are 39 vectors and 40 rows; give one for each row");
  data.numbers[3 * 8 + 2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(message({rows, data.vectors()}) == "vector row 3: number 2 of it, nan, is not finite; leave the row out, or use 0");
  const std::vector<std::uint32_t> places(40, 40);
  DenseRows outside = data.vectors();
  outside.places = places;
  CHECK(message({rows, outside}) == "vector row 0: its place 40 is not below 40; give places within the memory");
  const Model plain = make_model(small_config(), data.data);
  const auto answer = plain.predict({rows, data.vectors()});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message == "there are vectors of 8 numbers, the model takes none; leave them out");
  CHECK(refusal(validate(small_config(), {30, 20, kMostVectorWidth + 1})).starts_with("vectors of 16385 numbers are too long"));

  Model other = made(small_config(), data);
  Trainer trainer = must(Trainer::create(other, 40));
  const auto epoch = trainer.train_epoch(data.data.view());
  REQUIRE_FALSE(epoch);
  CHECK(epoch.error().message.starts_with("the model takes a vector"));
}

TEST_CASE("vectors: columns are centred and scaled to a mean square length of 1, whatever their units", "[unit]") {
  constexpr std::uint32_t kWidth = 5;
  hashing::Random random(2);
  std::vector<float> numbers;
  for (std::size_t row = 0; row < 9000; ++row) {  // more than a block of rows
    for (std::uint32_t j = 0; j < kWidth; ++j) {
      const float unit = j == 4 ? 0.f : std::pow(100.f, static_cast<float>(j)) / 1000.f;
      numbers.push_back(unit * (7.f + static_cast<float>(random.unit())) + (j == 4 ? 3.25f : 0.f));
    }
  }
  VectorScale scale(kWidth);
  const DenseRows rows{numbers.data(), kWidth, kWidth, 9000};
  scale.learn(rows);
  std::vector<double> mean(kWidth), square(kWidth);
  std::vector<float> out(kWidth);
  for (std::size_t row = 0; row < 9000; ++row) {
    scale.apply(rows.row(row), out.data());
    for (std::uint32_t j = 0; j < kWidth; ++j) {
      mean[j] += out[j] / 9000;
      square[j] += double{out[j]} * out[j] / 9000;
    }
  }
  for (std::uint32_t j = 0; j < 4; ++j) {
    CHECK(mean[j] == Approx(0).margin(1e-4));
    CHECK(square[j] == Approx(0.25).epsilon(1e-3));
  }
  CHECK(square[4] == 0);  // it does not vary
}

TEST_CASE("vectors: rows that are copied and joined keep theirs, added rows have none", "[unit]") {
  const VectorData data = with_vectors(planted_data(30, 20, 10, 3), 4, 6);
  std::vector<bool> chosen(30);
  for (std::size_t row = 0; row < 30; row += 3) chosen[row] = true;
  const OwnedRows copied = copy_rows(data.view(), chosen);
  const OwnedRows again = copy_rows(copied.view(), {false, true, false, false, false, false, false, false, false, true});
  const OwnedRows joined = join_rows(again.view(), random_data(2, 20, 10, 9).view());
  const DenseRows vectors = joined.view().vectors;
  REQUIRE(joined.view().size() == 4);
  REQUIRE(vectors.rows() == 4);
  CHECK(vectors.row(0).data() == data.numbers.data() + 3 * 4);
  CHECK(vectors.row(1).data() == data.numbers.data() + 27 * 4);
  CHECK(vectors.row(2).empty());
  CHECK(vectors.piece(1, 2).row(0).data() == data.numbers.data() + 27 * 4);
  CHECK(check_vectors(vectors, 4, 4).ok());
}

TEST_CASE("vectors: rows that differ in them alone are no repeats, and make other data", "[unit]") {
  VectorData data = with_vectors(random_data(4, 20, 10, 3), 4, 6);
  Data& rows = data.data;
  rows = Data{20, 10, {}, {}};
  const std::vector<std::uint32_t> ids = {1, 2}, label = {3};
  const std::vector<float> values = {1.f, 2.f};
  for (int i = 0; i < 4; ++i) {
    rows.x.add(ids, values);
    rows.y.add(label);
  }
  std::copy_n(data.numbers.data(), 4, data.numbers.data() + 4);  // rows 0 and 1 are equal
  CHECK(repeated_rows(data.view()) == std::vector<bool>{false, true, false, false});
  const std::uint64_t before = fingerprint(data.view());
  data.numbers[13] += 1.f;
  CHECK(fingerprint(data.view()) != before);
  CHECK(fingerprint(rows.view()) != before);
}

TEST_CASE("vectors: a model that starts from another takes their weights and their scale", "[unit]") {
  const VectorData data = told_by_vectors(200, 8, 12);
  Config config = small_config();
  Model former = made(config, data);
  trained(former, data, 2);
  const Model next = must(Model::create_from(former, config, data.shape()));
  CHECK(weights_of(impl_of(next).network.vectors.rows, 3) == weights_of(impl_of(former).network.vectors.rows, 3));
  VectorScale scale = VectorScale(12);
  scale.take(impl_of(former).transform.vectors());
  scale.learn(data.vectors().piece(0, 5));
  CHECK(scale.numbers()[0] == impl_of(former).transform.vectors().numbers()[0]);
}

TEST_CASE("vectors: the memory estimate counts their weights", "[unit]") {
  Config config = small_config();
  config.network.storage = Storage::bf16_mixed;
  const MemoryEstimate with = estimate_training_memory(config, {100, 50, 384}),
                       without = estimate_training_memory(config, {100, 50});
  const auto rows = ParameterRows::footprint(16, 384, ParameterRows::Options::of(config, true).without_bias());
  CHECK(with.weights - without.weights == rows.weights);
  CHECK(with.optimizer_state - without.optimizer_state == rows.state);
}

}  // namespace glissade::test
