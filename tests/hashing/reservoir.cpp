#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "hashing/matrix_source.h"
#include "hashing/reservoir.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

namespace {

/// Sum over the rows of (observed - expected)^2 / variance, corrected for the fixed total: chi-square, n - 1 degrees of freedom.
double chi_square(const std::vector<std::size_t>& kept, double trials, double p) {
  double sum = 0;
  for (const std::size_t count : kept) sum += std::pow(static_cast<double>(count) - trials * p, 2) / (trials * p * (1 - p));
  const auto n = static_cast<double>(kept.size());
  return sum * (n - 1) / n;
}

constexpr double kBound40 = 85;  // chi-square with 39 degrees of freedom exceeds this once in 30,000 runs

}  // namespace

TEST_CASE("the reservoir keeps every id with the same probability", "[property]") {
  for (const std::size_t cap : {1u, 4u, 20u, 39u}) {
    CAPTURE(cap);
    std::vector<std::size_t> kept(40, 0);
    std::vector<std::uint32_t> bucket(40);
    constexpr int kTrials = 20000;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::iota(bucket.begin(), bucket.end(), 0u);
      keep_sample(bucket, cap, mix(static_cast<std::uint64_t>(trial)));
      REQUIRE(std::adjacent_find(bucket.begin(), bucket.begin() + static_cast<std::ptrdiff_t>(cap), std::greater_equal<>{}) ==
              bucket.begin() + static_cast<std::ptrdiff_t>(cap));
      for (std::size_t i = 0; i < cap; ++i) ++kept[bucket[i]];
    }
    CHECK(chi_square(kept, kTrials, static_cast<double>(cap) / 40) < kBound40);
  }
}

TEST_CASE("capped buckets of a table are uniform samples, drawn anew per table, bucket and seed", "[property]") {
  constexpr std::uint32_t kTables = 500, kCap = 8;
  Matrix codes(80, kTables);  // two buckets of 40 rows, alternating
  for (std::size_t i = 0; i < codes.rows; ++i) std::fill_n(codes.row(i), kTables, static_cast<float>(i % 2));
  const MatrixSource source(codes.values.data(), kTables, kTables, 80);
  const GivenCodes family(kTables, 1);
  std::vector<std::size_t> kept(80, 0);
  constexpr int kSeeds = 10;
  std::size_t same = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Tables tables(kTables, 1, 80, kCap, static_cast<std::uint64_t>(seed));
    tables.build(source, family);
    for (std::uint32_t t = 0; t < kTables; ++t) {
      for (std::uint32_t code : {0u, 1u}) {
        const auto bucket = tables.bucket(t, code);
        REQUIRE(bucket.size() == kCap);
        REQUIRE(std::is_sorted(bucket.begin(), bucket.end()));
        for (const std::uint32_t id : bucket) {
          REQUIRE(id % 2 == code);
          ++kept[id];
        }
      }
      const auto even = tables.bucket(t, 0), odd = tables.bucket(t, 1);
      same += std::equal(even.begin(), even.end(), odd.begin(), [](std::uint32_t a, std::uint32_t b) { return a + 1 == b; });
    }
  }
  CHECK(same == 0);
  for (const std::size_t code : {0u, 1u}) {
    std::vector<std::size_t> of_bucket;
    for (std::size_t id = code; id < 80; id += 2) of_bucket.push_back(kept[id]);
    CHECK(chi_square(of_bucket, kSeeds * kTables, static_cast<double>(kCap) / 40) < kBound40);
  }
}
