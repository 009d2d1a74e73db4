// The search through all rows: its answers beside sums in double precision, for calls of every size.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/search/search.h"
#include "tests/engine/models.h"
#include "tests/engine/threads.h"

namespace glissade::test {
namespace {

struct Layer {
  ParameterRows rows;
  Activations hidden;
};

/// Rows and hidden vectors of multiples of 1/16, biases of 1/64: bf16 holds the factors, and a float their sums.
Layer made_layer(std::size_t rows, std::size_t width, std::size_t samples, Storage storage, double density = 1) {
  Config config = small_config();
  config.network.hidden = {static_cast<std::uint32_t>(width)};
  config.network.storage = storage;
  config.connections.density = density;
  config.connections.layers = SparseLayers::output;
  Model model = must(Model::create(config, {4, static_cast<std::uint32_t>(rows)}));
  Layer layer;
  layer.rows = std::move(impl_of(model).network.output);
  hashing::Random random(17);
  const auto draw = [&] { return (static_cast<float>(random.below(33)) - 16) / 16; };
  std::vector<float> row(width);
  for (std::size_t i = 0; i < rows; ++i) {
    std::ranges::generate(row, draw);
    layer.rows.write(i, row.data());
    layer.rows.bias[i] = (static_cast<float>(random.below(65)) - 32) / 64;
  }
  const bool halves = storage != Storage::fp32;
  layer.hidden.rounded = halves;
  layer.hidden.resize(samples, width, halves);
  for (std::size_t s = 0; s < samples; ++s) {
    std::fill_n(layer.hidden.row(s), layer.hidden.stride, 0.f);
    std::generate_n(layer.hidden.row(s), width, draw);
    if (halves)
      simd::kernels().narrow_nearest(layer.hidden.row(s), layer.hidden.halves.data() + s * layer.hidden.stride,
                                     layer.hidden.stride);
  }
  return layer;
}

/// All scores of a sample, exact.
std::vector<double> scores_of(const Layer& layer, std::size_t sample) {
  std::vector<float> row(layer.rows.stride());
  std::vector<double> scores(layer.rows.rows());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    layer.rows.read_forward(i, row.data());
    scores[i] =
        std::inner_product(row.data(), row.data() + layer.rows.width(), layer.hidden.row(sample), double{layer.rows.bias[i]});
  }
  return scores;
}

std::vector<std::uint32_t> best_of(const std::vector<double>& scores, std::size_t k) {
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
  order.resize(std::min(k, order.size()));
  return order;
}

Predictions found_in(const Layer& layer, std::uint32_t k, LossKind loss, bool probabilities, SearchSums* sums) {
  Predictions out;
  out.k = k;
  out.labels.assign(layer.hidden.samples * k, Predictions::kNoLabel);
  out.scores.assign(layer.hidden.samples * k, -std::numeric_limits<float>::infinity());
  search_exact(layer.rows, layer.hidden, {out, 0, loss, probabilities, nullptr, nullptr, sums});
  return out;
}

TEST_CASE("the search through all rows finds the best of each sample, ties by the lower label, in calls of any size", "[unit]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const auto samples = GENERATE(1u, 2u, 3u, 8u, 23u, 24u, 25u, 64u, 256u, 257u, 600u);
  const auto rows = GENERATE(1u, 15u, 255u, 4097u, 9001u);
  const auto [k, width, density] = GENERATE(table<unsigned, unsigned, double>({{5, 40, 1}, {300, 8, 1}, {5, 150, 0.13}}));
  const Layer layer = made_layer(rows, width, samples, storage, density);
  REQUIRE(layer.rows.is_compact() == (density < 1));
  CAPTURE(samples, rows, k, width);
  const Predictions found = found_in(layer, k, LossKind::softmax, false, nullptr);
  for (std::size_t s = 0; s < samples; s += std::max(1u, samples / 7)) {
    const std::vector<double> scores = scores_of(layer, s);
    const std::vector<std::uint32_t> best = best_of(scores, k);
    for (std::size_t i = 0; i < k; ++i) {
      REQUIRE(found.labels[s * k + i] == (i < best.size() ? best[i] : Predictions::kNoLabel));
      if (i < best.size()) REQUIRE(found.scores[s * k + i] == Approx(scores[best[i]]).margin(1e-6));
    }
  }
}

TEST_CASE("the sums of a search through all rows are over all rows, whatever the number of threads", "[unit]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::bce);
  const auto samples = GENERATE(1u, 6u, 40u, 300u);
  const Layer layer = made_layer(9001, 40, samples, Storage::bf16_mixed);
  CAPTURE(samples);
  SearchSums first;
  const Predictions found = found_in(layer, 3, loss, true, &first);
  for (const int threads : {1, 3}) {
    with_threads(threads, [&] {
      SearchSums sums;
      const Predictions again = found_in(layer, 3, loss, true, &sums);
      CHECK(again.scores == found.scores);
      CHECK(sums.log_sums == first.log_sums);
      CHECK(sums.likely == first.likely);
    });
  }
  for (std::size_t s = 0; s < samples; s += std::max(1u, samples / 5)) {
    const std::vector<double> scores = scores_of(layer, s);
    double exponentials = 0, likely = 0;
    for (const double score : scores) {
      exponentials += std::exp(score);
      likely += 1 / (1 + std::exp(-score));
    }
    const double best = scores[found.labels[s * 3]];
    if (loss == LossKind::softmax) {
      REQUIRE(first.log_sums[s] == Approx(std::log(exponentials)).epsilon(1e-5));
      REQUIRE(found.scores[s * 3] == Approx(std::exp(best) / exponentials).epsilon(1e-4));
    } else {
      REQUIRE(first.likely[s] == Approx(likely).epsilon(1e-5));
      REQUIRE(found.scores[s * 3] == Approx(1 / (1 + std::exp(-best))).epsilon(1e-5));
    }
  }
}

}  // namespace
}  // namespace glissade::test
