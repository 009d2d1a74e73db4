#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/samplers/centred_rows.h"
#include "engine/samplers/cluster_index.h"
#include "engine/samplers/ranked.h"
#include "engine/samplers/sketches.h"
#include "simd/kernels.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::size_t kWidth = 24;

/// Rows around `groups` directions, all moved the same way, as those of a trained layer are.
ParameterRows grouped_rows(std::uint32_t count, std::uint32_t groups, Storage storage = Storage::fp32) {
  ParameterRows rows(count, kWidth, {storage, true, true, {}});
  std::vector<float> values(kWidth);
  for (std::uint32_t i = 0; i < count; ++i) {
    hashing::Random shared(hashing::derive(1, i % groups)), own(hashing::derive(2, i));
    for (float& value : values) value = static_cast<float>(2 + 2 * (shared.unit() - 0.5) + 0.4 * (own.unit() - 0.5));
    rows.write(i, values.data());
    rows.bias[i] = static_cast<float>(0.2 * own.unit());
  }
  return rows;
}

Activations activations(std::size_t samples) {
  Activations hidden;
  hidden.resize(samples, kWidth, true);
  hashing::Random random(9);
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t j = 0; j < kWidth; ++j) hidden.row(s)[j] = static_cast<float>(std::max(0.0, 2 * random.unit() - 0.8));
  }
  simd::kernels().narrow_nearest(hidden.values.data(), hidden.halves.data(), hidden.values.size());
  return hidden;
}

double logit(const ParameterRows& rows, std::uint32_t id, const float* hidden) {
  std::vector<float> row(kWidth);
  rows.read_forward(id, row.data());
  double z = rows.bias[id];
  for (std::size_t j = 0; j < kWidth; ++j) z += double{row[j]} * hidden[j];
  return z;
}

std::vector<std::uint32_t> best_rows(const ParameterRows& rows, const float* hidden, std::size_t depth) {
  std::vector<std::pair<double, std::uint32_t>> all;
  for (std::uint32_t i = 0; i < rows.rows(); ++i) all.emplace_back(-logit(rows, i, hidden), i);
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> best;
  for (std::size_t i = 0; i < depth; ++i) best.push_back(all[i].second);
  return best;
}

/// An index whose first pass is done.
ClusterIndex built(const Config& config, const ParameterRows& rows, const Activations& hidden) {
  ClusterIndex index(config, rows);
  index.restart(0, 1, 1);
  REQUIRE(index.advance(hidden) == rows.rows());
  return index;
}

std::vector<std::uint32_t> ranked(const ClusterIndex& index, const Activations& hidden, std::size_t depth) {
  std::vector<std::uint32_t> ids(hidden.samples * depth);
  index.rank(hidden, {0, hidden.samples}, depth, ids.data());
  return ids;
}

double recall(const ParameterRows& rows, const Activations& hidden, const std::vector<std::uint32_t>& ids, std::size_t depth) {
  std::size_t found = 0;
  for (std::size_t s = 0; s < hidden.samples; ++s) {
    const auto best = best_rows(rows, hidden.row(s), depth);
    for (std::size_t i = 0; i < depth; ++i) found += std::find(best.begin(), best.end(), ids[s * depth + i]) != best.end();
  }
  return static_cast<double>(found) / static_cast<double>(hidden.samples * depth);
}

Config config_with(std::uint32_t probes) {
  Config config = small_config();
  config.hash_tables.probes = probes;
  return config;
}

}  // namespace

TEST_CASE("centred rows and queries rank as logits do", "[property]") {
  const ParameterRows rows = grouped_rows(50, 7);
  const Activations hidden = activations(12);
  CentredRows frame;
  std::vector<std::uint32_t> some = {3, 8, 21, 40};
  frame.measure(rows, some, hidden);
  REQUIRE(frame.dimension() == kWidth + 1);
  std::vector<float> row(kWidth + 1), query(kWidth + 1);
  for (std::size_t s = 0; s < hidden.samples; ++s) {
    frame.query(hidden.row(s), query.data());
    double first = 0;
    for (std::uint32_t id = 0; id < rows.rows(); ++id) {
      frame.row(rows, id, row.data());
      double product = 0;
      for (std::size_t d = 0; d <= kWidth; ++d) product += double{row[d]} * query[d];
      const double difference = product - logit(rows, id, hidden.row(s));
      if (id == 0) first = difference;
      CHECK(difference == Approx(first).margin(1e-4));
    }
  }
}

TEST_CASE("the directions of sketches have length 1 and are at right angles, in groups as large as the dimension", "[unit]") {
  const std::size_t dimension = GENERATE(50u, 128u, 200u);
  const std::size_t stride = ParameterRows::padded(dimension);
  const Sketches sketches(dimension, Storage::fp32, 5);
  // What unit vectors project to are the directions' elements.
  std::vector<float> units(dimension * stride, 0.f), directions(dimension * Sketches::kBits);
  for (std::size_t d = 0; d < dimension; ++d) units[d * stride + d] = 1.f;
  sketches.project(units.data(), stride, dimension, directions.data());
  double farthest = 0;
  for (std::size_t i = 0; i < Sketches::kBits; ++i) {
    // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the dimension is one of the three above
    for (std::size_t j = i; j < Sketches::kBits && j / dimension == i / dimension; ++j) {
      double product = 0;
      for (std::size_t d = 0; d < dimension; ++d)
        product += double{directions[d * Sketches::kBits + i]} * directions[d * Sketches::kBits + j];
      farthest = std::max(farthest, std::abs(product - (i == j ? 1 : 0)));
    }
  }
  CAPTURE(dimension);
  CHECK(farthest < 1e-5);
}

TEST_CASE("sketches estimate inner products without bias, and well enough to rank", "[property]") {
  const std::size_t dimension = GENERATE(9u, 65u, 129u, 300u);
  const std::size_t stride = ParameterRows::padded(dimension);
  const Sketches sketches(dimension, Storage::fp32, 5);
  hashing::Random random(6);
  constexpr std::size_t kPairs = 400;
  double error = 0, square = 0;
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    std::vector<float> vectors(2 * stride);
    for (std::size_t d = 0; d < dimension; ++d) {
      vectors[d] = static_cast<float>(random.unit() - 0.5);
      vectors[stride + d] = static_cast<float>(random.unit() - 0.5) + vectors[d];
    }
    std::vector<float> projections(2 * Sketches::kBits);
    sketches.project(vectors.data(), stride, 2, projections.data());
    std::vector<std::uint8_t> code(simd::kSketchBytes), block(simd::kSketchRows * simd::kSketchBytes);
    Sketches::signs(projections.data() + Sketches::kBits, code.data());
    for (std::size_t byte = 0; byte < code.size(); ++byte) block[byte * simd::kSketchRows] = code[byte];
    Sketches::Lookup lookup;
    Sketches::prepare(projections.data(), lookup);
    std::uint16_t sums[simd::kSketchRows];
    simd::kernels().sketch_sums(block.data(), 1, simd::kSketchBytes, lookup.tables, sums);
    double product = 0, length = 0, other = 0;
    for (std::size_t d = 0; d < dimension; ++d) {
      product += double{vectors[d]} * vectors[stride + d];
      length += double{vectors[stride + d]} * vectors[stride + d];
      other += double{vectors[d]} * vectors[d];
    }
    const double estimate = sketches.length_scale() * std::sqrt(length) * (double{lookup.unit} * sums[0] + double{lookup.shift});
    const double relative = (estimate - product) / std::sqrt(length * other);
    error += relative;
    square += relative * relative;
  }
  CAPTURE(dimension);
  CHECK(std::abs(error / kPairs) < 0.05);
  CHECK(std::sqrt(square / kPairs) < (dimension < Sketches::kBits ? 0.12 : 0.2));
}

TEST_CASE("a learned table finds the rows of the largest logits", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  const ParameterRows rows = grouped_rows(4000, 60, storage);
  const Activations hidden = activations(40);
  const ClusterIndex few = built(config_with(4), rows, hidden), all = built(config_with(1024), rows, hidden);
  const double some = recall(rows, hidden, ranked(few, hidden, 8), 8), most = recall(rows, hidden, ranked(all, hidden, 8), 8);
  CAPTURE(some, most);
  CHECK(some > 0.3);  // by chance: 0.002
  CHECK(most >= some - 0.05);
  CHECK(few.memory_bytes() > 4000 * 24);
  CHECK(few.memory_bytes() <= ClusterIndex::most_bytes(4000, kWidth));
}

TEST_CASE("where every bucket is looked into and there are no more rows than places, all are found", "[unit]") {
  const std::uint32_t count = GENERATE(1u, 2u, 31u, 33u, 100u);
  const ParameterRows rows = grouped_rows(count, 5);
  const Activations hidden = activations(3);
  const auto ids = ranked(built(config_with(1024), rows, hidden), hidden, count + 2);
  for (std::size_t s = 0; s < hidden.samples; ++s) {
    const auto* const own = ids.data() + s * (count + 2);
    CHECK(std::set<std::uint32_t>(own, own + count).size() == count);
    CHECK(*std::max_element(own, own + count) == count - 1);
    CHECK(own[count] == RankedRows::kNoRow);
    CHECK(own[count + 1] == RankedRows::kNoRow);
  }
}

TEST_CASE("a learned table is empty until its first pass is done, and follows from weights, seed and epoch", "[unit]") {
  const ParameterRows rows = grouped_rows(2000, 40);
  const Activations hidden = activations(10);
  ClusterIndex index(config_with(4), rows), other(config_with(4), rows);
  for (int round = 0; round < 2; ++round) {
    index.restart(3, 3200, 10);
    std::size_t hashed = 0;
    for (int step = 0; step < 10; ++step) {
      const auto ids = ranked(index, hidden, 4);
      CHECK(std::all_of(ids.begin(), ids.end(), [](std::uint32_t id) { return id == RankedRows::kNoRow; }));
      hashed += index.advance(hidden);
    }
    CHECK(hashed == rows.rows());
    CHECK(ranked(index, hidden, 4)[0] != RankedRows::kNoRow);
  }
  other.restart(3, 3200, 10);
  for (int step = 0; step < 10; ++step) other.advance(hidden);
  CHECK(ranked(index, hidden, 4) == ranked(other, hidden, 4));
  // The passes of the rest of the epoch.
  std::size_t hashed = 0;
  for (int step = 0; step < 310; ++step) hashed += index.advance(hidden);
  CHECK(hashed >= rows.rows());
  CHECK(hashed <= ClusterIndex::kPasses * rows.rows());
}

TEST_CASE("a learned table follows rows that moved, one pass later", "[unit]") {
  ParameterRows rows = grouped_rows(1000, 20);
  const Activations hidden = activations(8);
  ClusterIndex index = built(config_with(8), rows, hidden);
  std::vector<float> high(kWidth, 50.f);
  rows.write(77, high.data());
  // The table does not know yet; where it proposes the row all the same, today's logit shows.
  const auto stale = ranked(index, hidden, 1);
  CHECK(std::count(stale.begin(), stale.end(), 77u) < 4);
  index.advance(hidden);  // an epoch of one sample: each pass is done in a step
  for (const std::uint32_t id : ranked(index, hidden, 1)) CHECK(id == 77);
}

TEST_CASE("weights that are not numbers neither crash a learned table nor hide the others", "[unit]") {
  ParameterRows rows = grouped_rows(500, 10);
  const Activations hidden = activations(4);
  std::vector<float> bad(kWidth, std::numeric_limits<float>::quiet_NaN());
  rows.write(499, bad.data());
  const auto ids = ranked(built(config_with(4), rows, hidden), hidden, 8);
  for (const std::uint32_t id : ids) CHECK((id < 500 || id == RankedRows::kNoRow));
}

}  // namespace glissade::test
