#include "engine/training/centroid_start.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <glissade/metrics.h>

#include "engine/batches/batch.h"
#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "tests/engine/models.h"

namespace glissade::test {

TEST_CASE("rows start as centred means of their labels' samples", "[unit][levels]") {
  Config config = small_config();
  config.network.storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  config.network.hidden = GENERATE(std::vector<std::uint32_t>{19}, std::vector<std::uint32_t>{24, 12});
  const Data data = random_data(70, 30, 40, 3);  // 40 labels, some of them without a sample
  Model model = make_model(config, data);
  Network& network = impl_of(model).network;
  const std::size_t width = network.output.width();
  std::vector<float> before(width), row(width);

  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  Batch batch;
  batch.gather(data.view(), all, {});
  std::vector<Activations> hidden;
  REQUIRE(network.forward(batch.features(), {}, hidden));
  const Activations& last = hidden.back();
  std::vector<double> mean(width, 0.0);
  for (std::size_t i = 0; i < data.size(); ++i) {
    for (std::size_t d = 0; d < width; ++d) mean[d] += double{last.row(i)[d]} / static_cast<double>(data.size());
  }
  const Network untouched = [&] {
    Model other = make_model(config, data);
    return std::move(impl_of(other).network);
  }();

  constexpr double kLength = 2.5;
  std::vector<std::uint32_t> rows(data.size());
  std::iota(rows.begin(), rows.end(), 0u);
  REQUIRE(start_from_centroids(network, data.view(), rows, 32, kLength));
  for (std::uint32_t label = 0; label < 40; ++label) {
    std::vector<double> wanted(width, 0.0);
    double count = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
      for (const std::uint32_t other : data.y.view().row_ids(i)) {
        if (other != label) continue;
        ++count;
        for (std::size_t d = 0; d < width; ++d) wanted[d] += last.row(i)[d];
      }
    }
    network.output.read(label, row.data());
    if (count == 0) {
      untouched.output.read(label, before.data());
      REQUIRE(row == before);
      continue;
    }
    double square = 0, offset = 0;
    for (std::size_t d = 0; d < width; ++d) {
      wanted[d] = wanted[d] / count - mean[d];
      square += wanted[d] * wanted[d];
    }
    for (std::size_t d = 0; d < width; ++d) {
      wanted[d] *= kLength / std::sqrt(square);
      offset += wanted[d] * mean[d];
      REQUIRE(row[d] == Approx(wanted[d]).margin(0.02));
    }
    REQUIRE(network.output.bias[label] == Approx(-offset).margin(0.02));
  }
}

TEST_CASE("rows of some connections start with their centroids' largest numbers, at the same length", "[unit]") {
  constexpr double kLength = 2.5;
  constexpr std::size_t kLeft = 5;  // of 20
  Config config = small_config();
  config.network.storage = Storage::fp32;
  config.network.hidden = {20};
  const Data data = random_data(70, 30, 40, 3);
  std::vector<std::uint32_t> samples(data.size());
  std::iota(samples.begin(), samples.end(), 0u);
  const auto started = [&] {
    Model model = make_model(config, data);
    Network network = std::move(impl_of(model).network);
    REQUIRE(start_from_centroids(network, data.view(), samples, 32, kLength));
    return network;
  };
  const Network dense = started();
  config.connections.density = 0.25;
  config.connections.layers = SparseLayers::output;
  const Network sparse = started();
  REQUIRE(sparse.output.fan_in() == kLeft);
  std::vector<float> whole(20), row(20);
  std::size_t with_samples = 0;
  for (std::uint32_t label = 0; label < 40; ++label) {
    dense.output.read(label, whole.data());
    sparse.output.read(label, row.data());
    double length = 0, left = 0;
    for (const float value : whole) length += double{value} * value;
    if (std::sqrt(length) != Approx(kLength)) continue;  // a label without samples keeps what it has
    ++with_samples;
    std::vector<float> sorted(whole);
    std::sort(sorted.begin(), sorted.end(), [](float a, float b) { return std::fabs(a) > std::fabs(b); });
    for (std::size_t i = 0; i < kLeft; ++i) left += double{sorted[i]} * sorted[i];
    for (std::size_t d = 0; d < whole.size(); ++d) {
      const bool stays = std::fabs(whole[d]) >= std::fabs(sorted[kLeft - 1]);
      REQUIRE(row[d] == Approx(stays ? whole[d] * kLength / std::sqrt(left) : 0.).margin(1e-5));
    }
  }
  CHECK(with_samples > 30);
}

TEST_CASE("a model that starts from centroids knows something before its first step", "[property]") {
  const Data data = planted_data(400, 80, 60, 5);
  Config config = small_config();
  config.network.hidden = {64};
  config.optimizer.learning_rate = 0;
  config.training.epochs = 1;
  const auto p1 = [&](Start start) {
    config.network.start = start;
    Model model = make_model(config, data);
    train(model, data, 1);
    return must(evaluate(model, data.view())).metrics.precision[0];
  };
  const double random = p1(Start::random), centroids = p1(Start::centroids);
  CHECK(random < 0.2);
  CHECK(centroids > 0.5);
}

TEST_CASE("rows stay as they are where all hidden units are off", "[unit]") {
  Config config = small_config();
  config.network.storage = Storage::fp32;
  const Data data = planted_data(50, 30, 20, 3);
  Model model = make_model(config, data);
  scatter_weights(model, 0.3, 5);
  Network& network = impl_of(model).network;
  for (std::size_t unit = 0; unit < network.output.width(); ++unit) network.input.bias.weights[unit] = -5.f;
  const std::vector<float> before = all_weights(model);
  std::vector<std::uint32_t> rows(data.size());
  std::iota(rows.begin(), rows.end(), 0u);
  REQUIRE(start_from_centroids(network, data.view(), rows, 32, 2.5));
  CHECK(all_weights(model) == before);
}

}  // namespace glissade::test
