#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "hashing/matrix_source.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;
using Rows = std::vector<std::uint32_t>;

namespace {

Rows every(std::uint32_t step, std::uint32_t rows) {
  Rows ids;
  for (std::uint32_t row = step - 1; row < rows; row += step) ids.push_back(row);
  return ids;
}

void redraw(Matrix& m, const Rows& rows, Random& random) {
  for (const std::uint32_t row : rows) fill_normal(random, {m.row(row), m.width});
}

}  // namespace

TEST_CASE("re-hashing the rows that changed equals a full build", "[unit]") {
  constexpr std::uint32_t kRows = 3001;
  for (const FamilyKind kind : kFamilies) {
    for (const std::uint32_t tables : {1u, 6u}) {
      const FamilyParams params{.kind = kind, .dimension = 24, .k = kind == FamilyKind::simhash ? 8u : 3u, .tables = tables};
      const auto family = Family::make(params);
      Matrix m = normal_matrix(kRows, 24, 9);
      const MatrixSource source(m.values.data(), 24, 24, kRows);
      Tables incremental(tables, table_bits(params), kRows, 0, 1), full(tables, table_bits(params), kRows, 0, 1);
      incremental.build(source, *family);
      Random random(mix(10));
      for (const Rows& moved :
           {every(20, kRows), Rows{}, Rows{0}, Rows{kRows - 1}, Rows{0, 1, 2, 3000}, every(2, kRows), every(1, kRows)}) {
        CAPTURE(moved.size(), tables);
        redraw(m, moved, random);
        rehash(incremental, source, *family, moved);
        full.build(source, *family);
        REQUIRE(same_buckets(incremental, full));
      }
    }
  }
}

TEST_CASE("rows that are not named keep their bucket even if their vector changed", "[unit]") {
  Matrix codes(100, 1);
  for (std::size_t i = 0; i < 100; ++i) codes.row(i)[0] = static_cast<float>(i % 4);
  const MatrixSource source(codes.values.data(), 1, 1, 100);
  const GivenCodes family(1, 2);
  Tables tables(1, 2, 100, 0, 1);
  tables.build(source, family);
  for (std::size_t i = 0; i < 100; ++i) codes.row(i)[0] = 3.f;
  const Rows moved{0, 1, 50, 98};
  rehash(tables, source, family, moved);
  for (std::uint32_t code = 0; code < 4; ++code) {
    Rows expected;
    for (std::uint32_t i = 0; i < 100; ++i)
      if ((std::binary_search(moved.begin(), moved.end(), i) ? 3 : i % 4) == code) expected.push_back(i);
    const auto bucket = tables.bucket(0, code);
    CHECK(Rows(bucket.begin(), bucket.end()) == expected);
  }
}

// More new codes than are held at once: the rows go through in several walks.
TEST_CASE("re-hashing very many rows in pieces equals a full build", "[unit][slow]") {
  constexpr std::uint32_t kRows = 70000, kTables = 260;
  const FamilyParams params{.kind = FamilyKind::dwta, .dimension = 8, .k = 1, .tables = kTables};
  const auto family = Family::make(params);
  Matrix m = normal_matrix(kRows, 8, 9);
  const MatrixSource source(m.values.data(), 8, 8, kRows);
  Tables incremental(kTables, 3, kRows, 0, 1), full(kTables, 3, kRows, 0, 1);
  incremental.build(source, *family);
  Rows moved(kRows - 100);
  std::iota(moved.begin(), moved.end(), 50u);
  Random random(mix(12));
  redraw(m, moved, random);
  rehash(incremental, source, *family, moved);
  full.build(source, *family);
  CHECK(same_buckets(incremental, full));
}

TEST_CASE("under a cap a re-hash keeps buckets bounded, ordered and right", "[unit]") {
  constexpr std::uint32_t kRows = 4000, kCap = 5;
  const FamilyParams params{.kind = FamilyKind::simhash, .dimension = 16, .k = 8, .tables = 4};
  const auto family = Family::make(params);
  Matrix m = normal_matrix(kRows, 16, 13);
  const MatrixSource source(m.values.data(), 16, 16, kRows);
  Tables tables(4, 8, kRows, kCap, 1), uncapped(4, 8, kRows, 0, 1), again(4, 8, kRows, kCap, 1);
  for (Tables* t : {&tables, &uncapped, &again}) t->build(source, *family);
  Random random(mix(14));
  for (const std::uint32_t step : {10u, 3u, 50u}) {
    const Rows moved = every(step, kRows);
    redraw(m, moved, random);
    for (Tables* t : {&tables, &uncapped, &again}) rehash(*t, source, *family, moved);
    std::size_t full = 0;
    for (std::uint32_t t = 0; t < 4; ++t) {
      for (std::uint32_t code = 0; code < 256; ++code) {
        const auto bucket = tables.bucket(t, code), whole = uncapped.bucket(t, code);
        REQUIRE(bucket.size() <= kCap);
        REQUIRE(std::includes(whole.begin(), whole.end(), bucket.begin(), bucket.end()));
        // What is not in a bucket with room was dropped earlier, never a row that has just been hashed.
        if (bucket.size() < kCap)
          for (const std::uint32_t id : whole)
            if (std::binary_search(moved.begin(), moved.end(), id)) REQUIRE(std::binary_search(bucket.begin(), bucket.end(), id));
        full += bucket.size() == kCap;
      }
    }
    CHECK(full > 500);
    CHECK(same_buckets(tables, again));
  }
}

// With the same draws at each re-hash, the same places of a bucket would be displaced again and again.
TEST_CASE("each re-hash draws its own sample", "[unit]") {
  constexpr std::uint32_t kRows = 64;
  Matrix codes(kRows, 1);  // one bucket holds all
  const MatrixSource source(codes.values.data(), 1, 1, kRows);
  const GivenCodes family(1, 1);
  Tables tables(1, 1, kRows, 8, 1);
  tables.build(source, family);
  const Rows moved{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  std::vector<Rows> seen;
  for (int i = 0; i < 6; ++i) {
    rehash(tables, source, family, moved);
    const auto bucket = tables.bucket(0, 0);
    seen.emplace_back(bucket.begin(), bucket.end());
  }
  std::sort(seen.begin(), seen.end());
  CHECK(std::unique(seen.begin(), seen.end()) - seen.begin() >= 5);
}
