// Layers one at a time: forward against doubles, backward against the transposed sums.

#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/layers/activation.h"
#include "engine/layers/dense_layer.h"
#include "engine/layers/embedding_bag.h"
#include "hashing/seeds.h"
#include "tests/engine/data.h"

namespace glissade::test {
namespace {

constexpr double kLayerRate = 4.0;

RowOptimizer sgd() {
  Config config;
  config.optimizer.kind = OptimizerKind::sgd;
  return {config, kLayerRate, 1};
}

ParameterRows::Options options(Storage storage) { return {storage, true, true, {}}; }

void fill(Activations& a, hashing::Random& random, double low) {
  for (std::size_t s = 0; s < a.samples; ++s) {
    for (std::size_t j = 0; j < a.width; ++j) {
      const double value = low + (1.0 - low) * random.unit();
      a.row(s)[j] = a.rounded ? static_cast<float>(std::round(value * 128) / 128) : static_cast<float>(value);  // exact in bf16
    }
  }
  if (a.rounded) {
    for (std::size_t i = 0; i < a.values.size(); ++i)
      a.halves[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(a.values[i]) >> 16);
  }
}

}  // namespace

TEST_CASE("embedding bag: sums of rows, and one update per used row", "[unit][levels]") {
  const Data data = random_data(300, 130, 3, 21);
  EmbeddingBag bag(130, 20, options(Storage::fp32));
  bag.rows.randomize(0.5, 1);
  bag.bias.randomize(0.5, 2);
  const EmbeddingBag& layer = bag;
  Activations sums;
  sums.resize(data.size(), 20, false);
  layer.forward(data.x.view(), sums);
  for (std::size_t s = 0; s < data.size(); ++s) {
    for (std::size_t j = 0; j < 20; ++j) {
      double sum = bag.bias.weights[j];
      for (std::size_t e = data.x.offsets[s]; e < data.x.offsets[s + 1]; ++e) {
        sum += double{data.x.values[e]} * bag.rows.weights[data.x.ids[e] * bag.rows.stride() + j];
      }
      REQUIRE(sums.row(s)[j] == Approx(sum).margin(1e-6));
    }
  }

  hashing::Random random(3);
  Activations gradient;
  gradient.resize(data.size(), 20, false);
  fill(gradient, random, -1.0);
  std::vector<double> expected(131 * 20);  // the bias last
  for (std::size_t i = 0; i < 130; ++i)
    std::copy_n(bag.rows.weights.data() + i * bag.rows.stride(), 20, expected.begin() + i * 20);
  std::copy_n(bag.bias.weights.data(), 20, expected.begin() + 130 * 20);
  for (std::size_t s = 0; s < data.size(); ++s) {
    for (std::size_t j = 0; j < 20; ++j) {
      const double g = gradient.row(s)[j];
      for (std::size_t e = data.x.offsets[s]; e < data.x.offsets[s + 1]; ++e)
        expected[data.x.ids[e] * 20 + j] -= kLayerRate * data.x.values[e] * g;
      expected[130 * 20 + j] -= kLayerRate * g;
    }
  }
  RowGroups groups(130);
  PhaseSeconds phases;
  bag.backward(data.x.view(), gradient.values.data(), gradient.stride, sgd(), groups, phases);
  for (std::size_t i = 0; i < 130; ++i) {
    for (std::size_t j = 0; j < 20; ++j)
      REQUIRE(bag.rows.weights[i * bag.rows.stride() + j] == Approx(expected[i * 20 + j]).margin(1e-4));
  }
  for (std::size_t j = 0; j < 20; ++j) REQUIRE(bag.bias.weights[j] == Approx(expected[130 * 20 + j]).margin(1e-3));
}

TEST_CASE("dense layer: products, input gradient and weight gradient over several blocks", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const bool halves = storage == Storage::bf16_mixed;
  constexpr std::size_t kInputs = 37, kOutputs = 70, kSamples = 300;  // more than a block of samples and of rows
  CAPTURE(halves);
  DenseLayer layer(kInputs, kOutputs, options(storage));
  layer.rows.randomize(0.5, 4);
  hashing::Random random(5);
  for (std::size_t i = 0; i < kOutputs; ++i) layer.rows.bias[i] = static_cast<float>(random.unit());
  std::vector<float> seen(kInputs * kOutputs), exact(kInputs * kOutputs);  // what the forward pass reads; what updates change
  for (std::size_t i = 0; i < kOutputs; ++i) {
    layer.rows.read_forward(i, seen.data() + i * kInputs);
    layer.rows.read(i, exact.data() + i * kInputs);
  }
  const std::vector<float> bias(layer.rows.bias.data(), layer.rows.bias.data() + kOutputs);

  Activations input, sums, gradient;
  input.resize(kSamples, kInputs, halves);
  fill(input, random, 0.0);
  sums.resize(kSamples, kOutputs, halves);
  REQUIRE(layer.forward(input, sums));
  for (std::size_t s = 0; s < kSamples; ++s) {
    for (std::size_t i = 0; i < kOutputs; ++i) {
      double sum = bias[i];
      for (std::size_t j = 0; j < kInputs; ++j) sum += double{seen[i * kInputs + j]} * input.row(s)[j];
      REQUIRE(sums.row(s)[i] == Approx(sum).margin(1e-5));
    }
  }

  gradient.resize(kSamples, kOutputs, halves);
  fill(gradient, random, -1.0);
  std::vector<float> input_gradient(kSamples * input.stride);
  REQUIRE(layer.backward(input, gradient.values.data(), gradient.stride, input_gradient.data(), sgd()));
  for (std::size_t s = 0; s < kSamples; ++s) {
    for (std::size_t j = 0; j < kInputs; ++j) {
      double sum = 0;
      for (std::size_t i = 0; i < kOutputs; ++i) sum += double{seen[i * kInputs + j]} * gradient.row(s)[i];
      REQUIRE(input_gradient[s * input.stride + j] == Approx(sum).margin(2e-5));
    }
  }
  std::vector<float> after(kInputs);
  for (std::size_t i = 0; i < kOutputs; ++i) {
    layer.rows.read(i, after.data());
    double bias_change = 0;
    for (std::size_t s = 0; s < kSamples; ++s) bias_change += gradient.row(s)[i];
    REQUIRE(layer.rows.bias[i] == Approx(bias[i] - kLayerRate * bias_change).margin(2e-3));
    for (std::size_t j = 0; j < kInputs; ++j) {
      double change = 0;
      for (std::size_t s = 0; s < kSamples; ++s) change += double{gradient.row(s)[i]} * input.row(s)[j];
      REQUIRE(after[j] == Approx(exact[i * kInputs + j] - kLayerRate * change).margin(1e-3));
    }
  }
}

TEST_CASE("ReLU with dropout: a mask of its seed, whose kept units carry the lost weight", "[unit]") {
  constexpr std::size_t kSamples = 400, kWidth = 50;
  constexpr double kDrop = 0.3;
  Activations a, plain;
  hashing::Random random(6);
  a.resize(kSamples, kWidth, false);
  fill(a, random, -1.0);
  plain.resize(kSamples, kWidth, false);
  std::copy_n(a.values.data(), a.values.size(), plain.values.data());
  Activations again;
  again.resize(kSamples, kWidth, false);
  std::copy_n(a.values.data(), a.values.size(), again.values.data());

  activate(plain, Activation::relu, 0, 9);
  activate(a, Activation::relu, kDrop, 9);
  activate(again, Activation::relu, kDrop, 10);
  std::size_t positive = 0, kept = 0, same = 0;
  std::vector<float> gradient(kSamples * a.stride, 1.f);
  activate_backward(a, Activation::relu, kDrop, gradient.data());
  for (std::size_t s = 0; s < kSamples; ++s) {
    for (std::size_t j = 0; j < kWidth; ++j) {
      REQUIRE(plain.row(s)[j] >= 0.f);
      const float g = gradient[s * a.stride + j];
      if (a.row(s)[j] == 0.f) {
        REQUIRE(g == 0.f);
      } else {
        REQUIRE(a.row(s)[j] == Approx(plain.row(s)[j] / (1 - kDrop)));
        REQUIRE(g == Approx(1 / (1 - kDrop)));
      }
      positive += plain.row(s)[j] > 0.f;
      kept += a.row(s)[j] > 0.f;
      same += (a.row(s)[j] > 0.f) == (again.row(s)[j] > 0.f) && plain.row(s)[j] > 0.f;
    }
  }
  // About 10,000 positive units: the standard error of the kept share is below 0.005.
  REQUIRE(static_cast<double>(kept) / static_cast<double>(positive) == Approx(1 - kDrop).margin(0.02));
  REQUIRE(static_cast<double>(same) / static_cast<double>(positive) == Approx(0.7 * 0.7 + 0.3 * 0.3).margin(0.03));
}

TEST_CASE("the units that put out most win, and the others pass no gradient", "[unit]") {
  const Activation kind = GENERATE(Activation::relu, Activation::linear);
  Activations a;
  a.resize(2, 6, false);
  const float rows[2][6] = {{1, -5, 3, 2, 3, 0.5}, {-1, -2, -3, 4, -4, 4}};
  for (std::size_t s = 0; s < 2; ++s) std::copy_n(rows[s], 6, a.row(s));
  activate(a, kind, 0, 1, 2);
  const bool relu = kind == Activation::relu;
  const float wanted[2][2][6] = {{{0, -5, 3, 0, 0, 0}, {0, 0, 0, 4, -4, 0}}, {{0, 0, 3, 0, 3, 0}, {0, 0, 0, 4, 0, 4}}};
  std::vector<float> gradient(2 * a.stride, 1.f);
  activate_backward(a, kind, 0, gradient.data(), 2);
  for (std::size_t s = 0; s < 2; ++s) {
    for (std::size_t j = 0; j < 6; ++j) {
      CHECK(a.row(s)[j] == wanted[relu][s][j]);
      CHECK(gradient[s * a.stride + j] == (wanted[relu][s][j] != 0 ? 1 : 0));
    }
  }
}

TEST_CASE("rounded activations are equal as floats and as halves", "[unit]") {
  Activations a;
  a.resize(7, 33, true);
  hashing::Random random(8);
  for (std::size_t s = 0; s < 7; ++s) {
    for (std::size_t j = 0; j < 33; ++j) a.row(s)[j] = static_cast<float>(random.unit() - 0.3);
  }
  activate(a, Activation::relu, 0.2, 1);
  for (std::size_t s = 0; s < 7; ++s) {
    for (std::size_t j = 0; j < 33; ++j)
      REQUIRE(std::bit_cast<std::uint32_t>(a.row(s)[j]) == std::uint32_t{a.half_row(s)[j]} << 16);
  }
}

}  // namespace glissade::test
