// Rows that share connections: how these change, by hand, and their products as small dense matrices.
#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include <glissade/label_filter.h>

#include "engine/dense/block_rows.h"
#include "engine/layers/activation.h"
#include "engine/parameters/block_changes.h"
#include "engine/parameters/row_optimizer.h"
#include "engine/search/search.h"
#include "simd/kernels.h"

namespace glissade::test {
namespace {

using BlockFloats = std::vector<float>;
using BlockColumns = std::vector<std::uint16_t>;

/// Four rows of six weights, of which rows 0 and 3 share columns 0, 2 and 4, rows 1 and 2 others.
struct HandBlocks {
  explicit HandBlocks(Topology kind, std::uint64_t seed = 1) {
    config.network.storage = Storage::fp32;
    config.optimizer.kind = OptimizerKind::sgd;
    config.connections.topology = kind;
    config.connections.share = 1.0 / 3;
    config.connections.period = 1;
    config.run.seed = seed;
    auto options = ParameterRows::Options::of(config, true);
    options.fan_in = 3;
    options.block = 2;
    rows = ParameterRows(4, 6, options);
    set_columns(0, {0, 2, 4});
    const std::vector<BlockFloats> start = {
        {0.5f, -0.2f, -0.1f, 0.4f, 0.6f, 0.3f}, {1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}, {0.1f, 0.2f, 0.4f, 0.1f, 0.5f, 0.7f}};
    for (std::size_t row = 0; row < 4; ++row) rows.write(row, start[row].data());
    const std::vector<std::uint32_t> order = {0, 3, 2, 1};
    rows.share_connections(order);
    changes = std::make_unique<BlockChanges>(rows);
  }
  void set_columns(std::size_t pattern, const BlockColumns& columns) {
    std::ranges::copy(columns, rows.pattern(pattern).begin());
  }
  /// A step in which rows 0 and 3 have these gradients.
  void step(const BlockFloats& of_0, const BlockFloats& of_3) {
    RowChanges rules = RowChanges::of(config, 0, ++steps);
    rules.blocks = changes.get();
    const RowOptimizer optimizer = RowOptimizer(config, 0.1, steps).changing(rules);
    if (!of_3.empty()) optimizer.update(rows, 3, of_3.data(), 1.f);
    if (!of_0.empty()) optimizer.update(rows, 0, of_0.data(), 1.f);
    dropped.assign(4, 0.f);
    changes->finish(rules, [this](std::uint32_t row, float square) { dropped[row] = square; });
  }
  BlockColumns columns(std::size_t row) const { return {rows.connections_of(row).begin(), rows.connections_of(row).end()}; }

  Config config;
  ParameterRows rows;
  std::unique_ptr<BlockChanges> changes;
  std::uint64_t steps = 0;
  BlockFloats dropped;
};

void check_row(const HandBlocks& blocks, std::size_t row, const BlockFloats& expected) {
  BlockFloats found(6);
  blocks.rows.read(row, found.data());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("row " << row << ", column " << i);
    CHECK(found[i] == Approx(expected[i]).margin(1e-6));
  }
}

const BlockFloats kZeros = {0, 0, 0, 0, 0, 0};

}  // namespace

TEST_CASE("rows of a block have the same connections, and what they lack is 0", "[unit]") {
  HandBlocks blocks(Topology::fixed);
  check_row(blocks, 0, {0.5f, 0, -0.1f, 0, 0.6f, 0});
  check_row(blocks, 3, {0.1f, 0, 0.4f, 0, 0.5f, 0});
  CHECK(blocks.columns(0) == blocks.columns(3));
  CHECK(blocks.columns(1) == blocks.columns(2));
  blocks.step({1, 1, 1, 1, 1, 1}, {});
  blocks.step({1, 1, 1, 1, 1, 1}, {});
  blocks.step({1, 1, 1, 1, 1, 1}, {});
  check_row(blocks, 0, {0.2f, 0, -0.4f, 0, 0.3f, 0});
  check_row(blocks, 3, {0.1f, 0, 0.4f, 0, 0.5f, 0});
  CHECK(blocks.columns(0) == BlockColumns{0, 2, 4});
}

namespace {

/// Three rows of four columns, two connections each, in blocks of two.
ParameterRows open_rows() {
  Config config;
  config.network.storage = Storage::fp32;
  auto options = ParameterRows::Options::of(config, true);
  options.fan_in = 2;
  options.block = 2;
  return {3, 4, options};
}

}  // namespace

TEST_CASE("until it is said which rows share connections they have all weights", "[unit]") {
  ParameterRows rows = open_rows();
  REQUIRE(rows.is_open());
  CHECK(rows.patterns() == 2);
  const BlockFloats ones = {1, 1, 1, 1};
  BlockFloats found(4);
  for (std::size_t row = 0; row < 3; ++row) rows.write(row, ones.data());
  rows.read(2, found.data());
  CHECK(found == ones);
  const std::vector<std::uint32_t> order = {2, 0, 1};
  rows.share_connections(order);
  CHECK(rows.pattern_of(2) == 0);
  CHECK(rows.pattern_of(1) == 1);
  for (std::size_t row = 0; row < 3; ++row) {
    rows.read(row, found.data());
    CHECK(std::accumulate(found.begin(), found.end(), 0.f) == 2.f);
  }
  CHECK(rows.connections_are_sound());
  rows.places[1] = 0;  // as that of row 2
  CHECK(!rows.connections_are_sound());
}

TEST_CASE("a block may begin with the columns of the largest summed magnitudes", "[unit]") {
  ParameterRows rows = open_rows();
  // Rows 2 and 0 together: 5, 1, 4, 3. Row 1 alone.
  const std::vector<BlockFloats> start = {{1, -1, 2, -3}, {0, 5, -6, 1}, {-4, 0, -2, 0}};
  for (std::size_t row = 0; row < 3; ++row) rows.write(row, start[row].data());
  const std::vector<std::uint32_t> order = {2, 0, 1};
  rows.share_connections(order, true);
  const auto columns_of = [&](std::size_t row) {
    return BlockColumns(rows.connections_of(row).begin(), rows.connections_of(row).end());
  };
  CHECK(columns_of(0) == BlockColumns{0, 2});
  CHECK(columns_of(2) == BlockColumns{0, 2});
  CHECK(columns_of(1) == BlockColumns{1, 2});
  BlockFloats found(4);
  rows.read(0, found.data());
  CHECK(found == BlockFloats{1, 0, 2, 0});
}

TEST_CASE("rigl on a block: the summed magnitudes and the summed gradients decide", "[unit]") {
  HandBlocks blocks(Topology::rigl);
  // Twice one gradient of each row: due from the next step on.
  blocks.step(kZeros, kZeros);
  blocks.step(kZeros, kZeros);
  CHECK(blocks.columns(0) == BlockColumns{0, 2, 4});
  // Row 0 alone would drop column 2 and row 3 column 0. Together: 0.6, 0.5, 1.1. Row 0 alone would grow 1, together 5: 0.9 and
  // 0.3 against 0.5 and 0.8.
  blocks.step({0, 0.9f, 0, 0.1f, 0, 0.5f}, {0, 0.3f, 0, 0.1f, 0, -0.8f});
  CHECK(blocks.columns(0) == BlockColumns{0, 4, 5});
  CHECK(blocks.columns(3) == BlockColumns{0, 4, 5});
  check_row(blocks, 0, {0.5f, 0, 0, 0, 0.6f, 0});  // the step is left out
  check_row(blocks, 3, {0.1f, 0, 0, 0, 0.5f, 0});
  CHECK(blocks.dropped[0] == Approx(0.01));
  CHECK(blocks.dropped[3] == Approx(0.16));
  blocks.step({1, 1, 1, 1, 1, 1}, {});
  check_row(blocks, 0, {0.4f, 0, 0, 0, 0.5f, -0.1f});
}

TEST_CASE("a block changes also by a step that touches one of its rows", "[unit]") {
  HandBlocks blocks(Topology::rigl);
  blocks.step(kZeros, kZeros);
  blocks.step(kZeros, kZeros);
  blocks.step({}, {0, 0, 0, 0.2f, 0, 0});
  CHECK(blocks.columns(0) == BlockColumns{0, 3, 4});
}

TEST_CASE("set on a block: after the step, by chance", "[unit]") {
  BlockColumns grown;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    HandBlocks blocks(Topology::set, seed);
    blocks.step(kZeros, kZeros);
    blocks.step(kZeros, kZeros);
    // After it column 0 is 0.5 - 0.2 and 0.1 - 0.1, the least in sum.
    blocks.step({2, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0});
    check_row(blocks, 0, {0, 0, -0.1f, 0, 0.6f, 0});
    CHECK(blocks.columns(0) == blocks.columns(3));
    for (const std::uint16_t column : blocks.columns(0)) {
      if (column != 2 && column != 4) grown.push_back(column);
    }
  }
  REQUIRE(grown.size() == 40);
  std::ranges::sort(grown);
  grown.erase(std::unique(grown.begin(), grown.end()), grown.end());
  CHECK(grown == BlockColumns{1, 3, 5});
}

TEST_CASE("snfs on a block: the summed mean gradients of all its rows decide", "[unit]") {
  HandBlocks blocks(Topology::snfs);
  blocks.step({0, 0, 0, 0, 0, -5}, kZeros);
  blocks.step({0, 0, 0, 0, 0, -5}, kZeros);
  // Means: column 5 of row 0, which this step does not touch, 0.95; column 3 of row 3 0.1 x 7.
  blocks.step({}, {0, 0, 0, 7, 0, 0});
  CHECK(blocks.columns(3) == BlockColumns{0, 4, 5});
}

TEST_CASE("snip on a block: its first gradients choose for all its rows", "[unit]") {
  HandBlocks blocks(Topology::snip);
  check_row(blocks, 3, {0.1f, 0.2f, 0.4f, 0.1f, 0.5f, 0.7f});  // whole
  blocks.step(kZeros, kZeros);
  check_row(blocks, 3, {0.1f, 0.2f, 0.4f, 0.1f, 0.5f, 0.7f});
  // weight x gradient, summed: 0.5, 0.4, 0.1, 0.1, 0.06, 0.07.
  blocks.step({1, 1, 1, 0.25f, 0.1f, 0}, {0, 1, 0, 0, 0, 0.1f});
  CHECK(blocks.columns(0)[0] == 0);
  CHECK(blocks.columns(0)[1] == 1);
  CHECK(blocks.columns(0) == blocks.columns(3));
  CHECK(blocks.rows.is_whole(1));
  BlockFloats row(6);
  blocks.rows.read(3, row.data());
  CHECK(std::ranges::count(row, 0.f) == 3);
}

namespace {

/// Rows of a block each, as they are answered from: with all weights where they lie.
struct AnsweredBlocks {
  AnsweredBlocks(Storage storage, std::size_t row_count, std::uint32_t block, std::uint32_t fan_in, std::size_t width) {
    Config config;
    config.network.storage = storage;
    auto options = ParameterRows::Options::of(config, true);
    options.fan_in = fan_in;
    options.block = block;
    rows = ParameterRows(row_count, width, options);
    rows.randomize(1.0, 3);
    std::vector<std::uint32_t> order(row_count);
    std::iota(order.begin(), order.end(), 0u);
    std::ranges::shuffle(order, std::mt19937(5));
    rows.share_connections(order);
    for (std::size_t row = 0; row < row_count; ++row) rows.bias[row] = 0.01f * static_cast<float>(row % 13);
  }
  ParameterRows rows;
};

Activations some_samples(std::size_t count, std::size_t width) {
  Activations samples;
  samples.resize(count, width, true);
  std::mt19937 engine(9);
  std::uniform_real_distribution<float> uniform(-1.f, 1.f);
  for (std::size_t s = 0; s < count; ++s) {
    for (std::size_t d = 0; d < width; ++d) samples.row(s)[d] = uniform(engine);
  }
  samples.rounded = true;
  activate(samples, Activation::linear, 0, 0);
  return samples;
}

}  // namespace

TEST_CASE("blocks score as the masked rows do", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  const std::uint32_t block = GENERATE(2u, 16u, 32u);
  const std::uint32_t fan_in = GENERATE(7u, 64u);
  constexpr std::size_t kRows = 1000, kWidth = 200;  // the last block is not full
  const AnsweredBlocks answered(storage, kRows, block, fan_in, kWidth);
  const BlockRows blocks(answered.rows);
  REQUIRE(blocks.rows() == kRows);
  for (const std::size_t count : {1u, 3u, 15u, 16u, 33u, 64u}) {
    const Activations samples = some_samples(count, kWidth);
    UnitColumns columns;
    columns.take(samples.row(0), storage == Storage::fp32 ? nullptr : samples.half_row(0), samples.stride, count, kWidth);
    const std::size_t first = 3 * block, size = kRows - first;
    BlockFloats scores(count * (size + 5), 77.f), weights(kWidth);
    blocks.score(columns, first, size, scores.data(), size + 5);
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint32_t row = blocks.labels()[first + i];
      answered.rows.read_forward(row, weights.data());
      for (std::size_t s = 0; s < count; ++s) {
        double exact = answered.rows.bias[row];
        for (std::size_t d = 0; d < kWidth; ++d) exact += double{weights[d]} * samples.row(s)[d];
        REQUIRE(scores[s * (size + 5) + i] == Approx(exact).margin(2e-5));
      }
    }
    for (std::size_t s = 0; s < count; ++s) CHECK(scores[s * (size + 5) + size] == 77.f);
  }
}

TEST_CASE("an exact search over blocks finds what one over the masked rows finds", "[unit][levels]") {
  constexpr std::size_t kRows = 9000, kWidth = 64, kBest = 7;
  const AnsweredBlocks answered(Storage::fp32, kRows, 16, 8, kWidth);
  const BlockRows blocks(answered.rows);
  LabelFilter odd = LabelFilter::permitting_none(kRows);
  for (std::uint32_t label = 1; label < kRows; label += 2) odd.permit(label);
  for (const std::size_t count : {1u, 5u, 300u}) {
    const Activations samples = some_samples(count, kWidth);
    const auto search = [&](const BlockRows* which, const LabelFilter* filter) {
      Predictions out;
      out.k = kBest;
      out.labels.assign(count * kBest, Predictions::kNoLabel);
      out.scores.assign(count * kBest, -1e30f);
      SearchTarget target{out, 0, LossKind::softmax, true};
      target.filter = filter;
      target.blocks = which;
      search_exact(answered.rows, samples, target);
      return out;
    };
    for (const LabelFilter* filter : {static_cast<const LabelFilter*>(nullptr), static_cast<const LabelFilter*>(&odd)}) {
      const Predictions plain = search(nullptr, filter), shared = search(&blocks, filter);
      CHECK(plain.labels == shared.labels);
      for (std::size_t i = 0; i < plain.scores.size(); ++i) REQUIRE(shared.scores[i] == Approx(plain.scores[i]).epsilon(1e-4));
    }
  }
}

}  // namespace glissade::test
