// The training of sparse rows and of features' weights, step by step against the equations; and which features rows take up.
#include "engine/sparse_rows/row_training.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/batches/sample_order.h"
#include "engine/sparse_rows/piece_groups.h"
#include "engine/sparse_rows/weight_learning.h"
#include "hashing/seeds.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint64_t kRowOrder = 62, kWeightOrder = 67;  // streams: part of what makes a model, so they do not change

RankedPaths untrained(const Config& config, const Data& data) {
  RankedPaths paths;
  paths.label_rows.weights = FeatureWeights(SparseWeighting::given, data.view());
  paths.label_rows.rows = label_rows(data.view(), all_rows(data), paths.label_rows.weights, config.sparse_rows.fan_in).rows;
  paths.label_rows.row_index = FeatureIndex(paths.label_rows.rows, data.features);
  return paths;
}

}  // namespace

TEST_CASE("rows are trained by row-wise Adagrad over batches of 2,048, with a rate that falls to 0", "[unit]") {
  const Data data = planted_data(GENERATE(2049u, 2070u), 30, 10, 3);  // a second batch of one sample_of, and of a few
  const DatasetView view = data.view();
  const std::vector<std::uint32_t> all = all_rows(data);
  Config config;
  config.sparse_rows.fan_in = 30;
  config.sparse_rows.epochs = 2;
  config.sparse_rows.rate = 0.05;
  RankedPaths trained = untrained(config, data), followed = untrained(config, data);
  const LabelRows made = label_rows(view, all, trained.label_rows.weights, config.sparse_rows.fan_in);
  RowTraining(config, view, all, made,
              {trained.label_rows.weights, trained.label_rows.rows, trained.label_rows.row_index, trained.label_rows.row_state})
      .run();

  RowTraining gradients(
      config, view, all, made,
      {followed.label_rows.weights, followed.label_rows.rows, followed.label_rows.row_index, followed.label_rows.row_state});
  std::vector<float> values(followed.label_rows.rows.entries());
  for (std::size_t j = 0; j < values.size(); ++j) values[j] = widened(followed.label_rows.rows.values[j]);
  std::vector<double> squares(data.labels, 1e-8);
  std::vector<std::uint32_t> order;
  std::size_t step = 0;
  for (std::uint32_t epoch = 0; epoch < 2; ++epoch) {
    shuffle(order, data.size(), hashing::derive(config.run.seed, kRowOrder, epoch));
    for (std::size_t first = 0; first < data.size(); first += 2048, ++step) {
      std::vector<double> sum(values.size());
      for (std::size_t i = first; i < std::min<std::size_t>(data.size(), first + 2048); ++i) {
        const std::vector<float> gradient = gradients.gradient_at(order[i], values);
        for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += gradient[j];
      }
      const double rate = config.sparse_rows.rate * (1 - static_cast<double>(step) / 4);
      for (std::uint32_t label = 0; label < data.labels; ++label) {
        const std::uint64_t begin = followed.label_rows.rows.offsets[label], end = followed.label_rows.rows.offsets[label + 1];
        double square = 0;
        for (std::uint64_t j = begin; j < end; ++j) square += sum[j] * sum[j];
        if (square == 0) continue;
        squares[label] += square / 64;
        for (std::uint64_t j = begin; j < end; ++j)
          values[j] = static_cast<float>(values[j] - rate * sum[j] / std::sqrt(squares[label]));
      }
    }
  }
  double moved = 0;
  for (std::size_t j = 0; j < values.size(); ++j) {
    CAPTURE(j);
    CHECK(widened(trained.label_rows.rows.values[j]) == Approx(values[j]).epsilon(1.0 / 200).margin(1e-4));
    moved = std::max(moved, std::abs(values[j] - double{widened(followed.label_rows.rows.values[j])}));
  }
  CHECK(moved > 0.05);
}

TEST_CASE("weights of features are learned by Adagrad over batches of 512, twice, with a rate that falls to 0", "[unit]") {
  const Data data = planted_data(530, 30, 10, 5);
  const std::vector<std::uint32_t> all = all_rows(data);
  const FeatureWeights weights(SparseWeighting::given, data.view());
  Config config;
  config.candidates.weight_samples = 1000;  // all
  const std::vector<float> learned = learn_weights(config, data.view(), all, weights);
  std::vector<float> logs(data.features);
  std::vector<double> squares(data.features, 1e-6);
  std::vector<std::uint32_t> order;
  std::size_t step = 0;
  for (std::uint32_t pass = 0; pass < 2; ++pass) {
    shuffle(order, data.size(), hashing::derive(config.run.seed, kWeightOrder, pass));
    for (std::size_t first = 0; first < data.size(); first += 512, ++step) {
      std::vector<double> sum(data.features);
      for (std::size_t i = first; i < std::min<std::size_t>(data.size(), first + 512); ++i) {
        const std::vector<float> gradient = weight_gradient_at(config, data.view(), all, weights, order[i], logs);
        for (std::size_t f = 0; f < sum.size(); ++f) sum[f] += gradient[f];
      }
      for (std::size_t f = 0; f < sum.size(); ++f) {
        if (sum[f] == 0) continue;
        squares[f] += sum[f] * sum[f];
        logs[f] -= static_cast<float>(0.05 * (1 - static_cast<double>(step) / 4) * sum[f] / std::sqrt(squares[f]));
      }
    }
  }
  for (std::size_t f = 0; f < logs.size(); ++f) {
    CAPTURE(f);
    CHECK(std::log(learned[f]) == Approx(logs[f]).margin(2e-4));
  }
  CHECK(std::ranges::any_of(logs, [](float log) { return std::abs(log) > 0.03; }));
}

TEST_CASE("rows that may change their topology find telling features that their sums had no room for", "[unit]") {
  // Every sample_of has its label's own, quiet feature among loud ones: rows of 12 entries begin with the loud ones alone.
  const auto made = [](std::size_t samples, std::uint64_t seed) {
    Data data{50, 30, {}, {}};
    hashing::Random random(seed);
    for (std::size_t i = 0; i < samples; ++i) {
      const auto label = static_cast<std::uint32_t>(random.below(30));
      std::vector<std::uint32_t> ids = {label};
      for (const std::uint32_t other : distinct(random, 6, 20)) ids.push_back(30 + other);
      std::vector<float> values(ids.size(), 1.f);
      values[0] = 0.25f;
      data.x.add(ids, values);
      data.y.add(std::vector<std::uint32_t>{label});
    }
    return data;
  };
  const Data data = made(1500, 3);
  const auto telling = [&](RowTopology topology) {
    Config config;
    config.sparse_rows.fan_in = 12;
    config.sparse_rows.epochs = 8;
    config.sparse_rows.rate = 0.02;
    config.sparse_rows.topology = topology;
    const RankedPaths paths = build_paths(config, data.view(), all_rows(data));
    std::size_t found = 0;
    for (std::uint32_t label = 0; label < 30; ++label) {
      const auto* const ids = paths.label_rows.rows.ids.data();
      found += std::find(ids + paths.label_rows.rows.offsets[label], ids + paths.label_rows.rows.offsets[label + 1], label) !=
               ids + paths.label_rows.rows.offsets[label + 1];
    }
    return found;
  };
  const std::size_t fixed = telling(RowTopology::fixed), rigl = telling(RowTopology::rigl);
  const std::size_t snfs = telling(RowTopology::snfs);
  CAPTURE(fixed, rigl, snfs);
  CHECK(fixed < 10);
  CHECK(rigl > 27);
  CHECK(snfs > 27);
}

namespace {

/// Two labels: label 0 has features 0 .. 3, label 1 feature 5.
struct TwoRows {
  SparseMatrix rows = matrix_of(std::vector<std::uint32_t>{4, 1});
  std::vector<float> values;
  explicit TwoRows(std::vector<float> of) : values(std::move(of)) {
    const std::uint32_t ids[] = {0, 1, 2, 3, 5};
    std::ranges::copy(ids, rows.ids.data());
    std::fill_n(rows.values.data(), 5, std::uint16_t{0x3f80});
  }
  std::vector<std::uint32_t> of(std::size_t label) const {
    return {rows.ids.data() + rows.offsets[label], rows.ids.data() + rows.offsets[label + 1]};
  }
};

SampleFeatures sample_of(std::uint32_t place) {
  static constexpr std::uint32_t kIds[2][2] = {{4, 6}, {6, 7}};
  static constexpr float kValues[2] = {1.f, 1.f};
  return {kIds[place], kValues};
}

}  // namespace

TEST_CASE("a feature that several samples pull at is taken up once, and by each label for itself", "[unit]") {
  TwoRows made({0.5f, 0.1f, 0.9f, 0.2f, 0.7f});
  const std::vector<LabelGradient> gradients = {{0, 0, -0.2f}, {0, 1, 0.5f}, {1, 0, 0.3f}, {1, 1, 0.3f}};
  change_topology({RowTopology::rigl, 0.75, 8, 1}, gradients, 8, sample_of, made.rows, made.values);
  CHECK(made.of(0) == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 6, 7});
  CHECK(made.of(1) == std::vector<std::uint32_t>{5, 6});
}

TEST_CASE("weights far below 0 are as large as those far above", "[unit]") {
  TwoRows made({0.5f, -0.9f, 0.3f, -0.6f, 0.7f});
  const std::vector<LabelGradient> gradients = {{0, 0, -0.2f}, {0, 1, 0.5f}};
  change_topology({RowTopology::rigl, 0.5, 4, 1}, gradients, 8, sample_of, made.rows, made.values);
  CHECK(made.of(0) == std::vector<std::uint32_t>{1, 3, 6, 7});
}

TEST_CASE("pieces of gradients are grouped by label, in order of the blocks, for any number of threads", "[unit]") {
  constexpr std::uint32_t kLabels = 50;
  PieceGroups groups(kLabels);
  const tbb::global_control more_than_cores(tbb::global_control::max_allowed_parallelism, 4);
  for (const int threads : {1, 2, 4}) {
    for (const std::uint64_t seed : {1, 2}) {
      CAPTURE(threads, seed);
      hashing::Random random(seed);
      std::vector<std::vector<std::uint32_t>> blocks(9);  // labels of each block's rows
      std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> expected(kLabels), found(kLabels);
      for (std::uint32_t block = 0; block < blocks.size(); ++block) {
        for (std::uint32_t row = 0; row < 20 * (block % 3); ++row) {
          const auto label = static_cast<std::uint32_t>(random.below(kLabels / 2) * (seed == 1 ? 1 : 2));
          blocks[block].push_back(label);
          expected[label].emplace_back(block, row);
        }
      }
      tbb::task_arena(threads).execute([&] {
        groups.build(
            blocks.size(), [&](std::uint32_t block) { return blocks[block].size(); },
            [&](std::uint32_t block, std::uint32_t row) { return blocks[block][row]; });
        groups.for_each([&](std::uint32_t label, std::span<const PieceGroups::Piece> pieces) {
          for (const PieceGroups::Piece& piece : pieces) found[label].emplace_back(piece.block, piece.row);
        });
      });
      CHECK(found == expected);
    }
  }
}

}  // namespace glissade::test
