#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "hashing/lift.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

namespace {

constexpr std::size_t kWidth = 64;

double dot(const float* x, const float* y) {
  double sum = 0;
  for (std::size_t d = 0; d < kWidth; ++d) sum += double{x[d]} * y[d];
  return sum;
}

double length(const float* x) { return std::sqrt(dot(x, x)); }

double longest(const Matrix& rows) {
  double most = 0;
  for (std::size_t i = 0; i < rows.rows; ++i) most = std::max(most, length(rows.row(i)));
  return most;
}

/// Codes of up to kLanes rows, lifted to the length `most`.
std::vector<std::uint32_t> lifted_codes(const Family& family, const float* rows, std::size_t count, double most) {
  std::vector<float> block((kWidth + kLiftCoordinates) * kLanes, 7.f);
  std::vector<std::uint32_t> codes(family.params().tables * kLanes);
  transpose_block(rows, kWidth, count, kWidth, block.data());
  lift(block.data(), kWidth, count, static_cast<float>(most));
  family.codes(block.data(), codes.data());
  return codes;
}

FamilyParams simhash(std::size_t dimension, std::uint32_t k, std::uint32_t tables) {
  return {.kind = FamilyKind::simhash, .dimension = static_cast<std::uint32_t>(dimension), .k = k, .tables = tables, .seed = 11};
}

/// Directions are uniform, lengths log-normal: half of the rows have a length within a factor of two of the median.
Matrix rows_of_very_different_lengths(std::size_t count, std::uint64_t seed) {
  Matrix m = normal_matrix(count, kWidth, seed);
  Random random(mix(seed + 1));
  for (std::size_t i = 0; i < count; ++i) {
    const float scale = std::exp(0.6f * normal(random));
    for (std::size_t d = 0; d < kWidth; ++d) m.row(i)[d] *= scale;
  }
  return m;
}

/// Share of the ten rows of largest product with a query that are among the `kept` rows with most collisions, over all queries.
template <class RowCodes>
double recall_of_ten(const Family& family, const Matrix& rows, const Matrix& queries, std::size_t kept,
                     const RowCodes& row_codes) {
  const std::size_t tables = family.params().tables;
  std::vector<std::uint32_t> query_codes(tables * kLanes);
  std::vector<std::size_t> order(rows.rows), best(rows.rows);
  std::size_t found = 0;
  for (std::size_t q = 0; q < queries.rows; ++q) {
    group_codes(family, queries.row(q), kWidth, kWidth, 1, query_codes.data(), kLanes, 0.f);
    std::vector<std::size_t> met(rows.rows, 0);
    for (std::size_t i = 0; i < rows.rows; ++i)
      for (std::size_t t = 0; t < tables; ++t) met[i] += row_codes(i, t) == query_codes[t * kLanes];
    std::iota(order.begin(), order.end(), std::size_t{0});
    best = order;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return met[a] > met[b]; });
    std::sort(best.begin(), best.end(),
              [&](std::size_t a, std::size_t b) { return dot(queries.row(q), rows.row(a)) > dot(queries.row(q), rows.row(b)); });
    for (std::size_t i = 0; i < 10; ++i) {
      const auto end = order.begin() + static_cast<std::ptrdiff_t>(kept);
      found += std::find(order.begin(), end, best[i]) != end;
    }
  }
  return static_cast<double>(found) / (10.0 * static_cast<double>(queries.rows));
}

}  // namespace

TEST_CASE("lifted rows are of one length, longer ones and padding get zeros", "[unit]") {
  Matrix m = normal_matrix(3, kWidth, 3);
  for (std::size_t d = 0; d < kWidth; ++d) m.row(1)[d] *= 10.f;
  std::vector<float> block((kWidth + kLiftCoordinates) * kLanes, 7.f);
  transpose_block(m.values.data(), kWidth, 3, kWidth, block.data());
  const double most = 1.5 * length(m.row(0));
  lift(block.data(), kWidth, 3, static_cast<float>(most));
  double square = 0;
  for (std::size_t d = 0; d < kWidth + kLiftCoordinates; ++d) square += double{block[d * kLanes]} * block[d * kLanes];
  CHECK(std::sqrt(square) == Approx(most).epsilon(1e-5));
  for (std::size_t d = kWidth; d < kWidth + kLiftCoordinates; ++d) {
    CHECK(block[d * kLanes] >= block[kWidth * kLanes]);
    CHECK(block[d * kLanes + 1] == 0.f);
    for (std::size_t lane = 3; lane < kLanes; ++lane) CHECK(block[d * kLanes + lane] == 0.f);
  }
}

// 6,000 bits for each of 16 rows: one standard deviation is at most 0.007 for a row; sparse signs add a bias of at most 0.025, as
// without the lift.
TEST_CASE("lifted rows and queries collide with probability 1 - acos(<q, x> / (M |q|)) / pi", "[property]") {
  const auto family = Family::make(simhash(kWidth + kLiftCoordinates, 1, 6000));
  Matrix rows = normal_matrix(kLanes, kWidth, 5);
  const Matrix query = normal_matrix(1, kWidth, 6);
  for (std::size_t i = 0; i < kLanes; ++i) {  // cosines from -1 to 1, lengths by a factor of up to 16 apart
    const float along = static_cast<float>(i) / 4.f - 2.f, scale = std::ldexp(1.f, -static_cast<int>(i % 5));
    for (std::size_t d = 0; d < kWidth; ++d) rows.row(i)[d] = scale * (rows.row(i)[d] + along * query.row(0)[d]);
  }
  const double most = longest(rows);
  const auto codes = lifted_codes(*family, rows.values.data(), kLanes, most);
  std::vector<std::uint32_t> query_codes(6000 * kLanes);
  group_codes(*family, query.row(0), kWidth, kWidth, 1, query_codes.data(), kLanes, 0.f);
  for (std::size_t i = 0; i < kLanes; ++i) {
    std::size_t equal = 0;
    for (std::size_t t = 0; t < 6000; ++t) equal += codes[t * kLanes + i] == query_codes[t * kLanes];
    const double cosine = dot(query.row(0), rows.row(i)) / (most * length(query.row(0)));
    CAPTURE(i, cosine);
    CHECK(static_cast<double>(equal) / 6000 == Approx(1.0 - std::acos(cosine) / std::numbers::pi).margin(0.04));
  }
}

TEST_CASE("with rows of very different lengths the lift finds more of the largest inner products", "[property]") {
  constexpr std::size_t kRows = 2000, kKept = 100;
  const Matrix rows = rows_of_very_different_lengths(kRows, 7), queries = normal_matrix(40, kWidth, 9);
  const auto plain = Family::make(simhash(kWidth, 2, 400)), lifted = Family::make(simhash(kWidth + kLiftCoordinates, 2, 400));
  const Codes plain_codes = codes_of(*plain, rows);
  const double most = longest(rows);
  std::vector<std::vector<std::uint32_t>> blocks;
  for (std::size_t first = 0; first < kRows; first += kLanes)
    blocks.push_back(lifted_codes(*lifted, rows.row(first), kLanes, most));
  const double without =
      recall_of_ten(*plain, rows, queries, kKept, [&](std::size_t i, std::size_t t) { return plain_codes.at(t, i); });
  const double with = recall_of_ten(*lifted, rows, queries, kKept,
                                    [&](std::size_t i, std::size_t t) { return blocks[i / kLanes][t * kLanes + i % kLanes]; });
  CAPTURE(without, with);
  CHECK(with > without + 0.1);
}
