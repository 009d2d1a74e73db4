#include <catch2/catch.hpp>

#include <algorithm>

#include <tbb/global_control.h>

#include "hashing/matrix_source.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

namespace {

struct Case {
  std::uint32_t rows, tables;
  FamilyKind kind;
};

FamilyParams params_of(const Case& c) {
  return {.kind = c.kind, .dimension = 20, .k = c.kind == FamilyKind::simhash ? 7u : 3u, .tables = c.tables, .seed = 6};
}

/// The rows of each bucket, from one vector at a time.
std::vector<std::vector<std::uint32_t>> brute_force(const Family& family, const Matrix& m, std::size_t table) {
  std::vector<std::vector<std::uint32_t>> buckets(std::size_t{1} << table_bits(family.params()));
  std::vector<std::uint32_t> codes(family.params().tables * kLanes);
  for (std::size_t i = 0; i < m.rows; ++i) {
    group_codes(family, m.row(i), m.width, m.width, 1, codes.data(), kLanes);
    buckets[codes[table * kLanes]].push_back(static_cast<std::uint32_t>(i));
  }
  return buckets;
}

}  // namespace

TEST_CASE("build puts each row in the bucket of its code, ascending", "[unit]") {
  for (const Case c : {Case{1000, 7, FamilyKind::simhash}, Case{1000, 7, FamilyKind::dwta}, Case{3333, 1, FamilyKind::dwta},
                       Case{1, 3, FamilyKind::simhash}, Case{16, 2, FamilyKind::simhash}, Case{17, 2, FamilyKind::dwta}}) {
    CAPTURE(c.rows, c.tables);
    const auto family = Family::make(params_of(c));
    const Matrix m = normal_matrix(c.rows, 20, c.rows);
    const MatrixSource source(m.values.data(), 20, 20, c.rows);
    Tables tables(c.tables, table_bits(family->params()), c.rows, 0, 1);
    tables.build(source, *family);
    tables.build(source, *family);  // a second build replaces the first
    for (std::uint32_t t = 0; t < c.tables; ++t) {
      const auto expected = brute_force(*family, m, t);
      for (std::uint32_t code = 0; code < expected.size(); ++code) {
        const auto bucket = tables.bucket(t, code);
        REQUIRE(std::vector<std::uint32_t>(bucket.begin(), bucket.end()) == expected[code]);
      }
    }
  }
}

TEST_CASE("restore takes what a table could be, and nothing else", "[unit]") {
  using Ids = std::vector<std::uint32_t>;
  const Ids offsets = {0, 2, 2, 3, 5}, ids = {1, 4, 0, 2, 3};
  Tables tables(1, 2, 6, 0, 1);
  REQUIRE(tables.restore(0, offsets, ids, 7));
  CHECK(tables.round() == 7);
  const auto kept = [&] {
    return std::ranges::equal(tables.offsets(0), offsets) && std::ranges::equal(tables.ids(0), ids) && tables.round() == 7;
  };
  CHECK(kept());
  struct Bad {
    const char* why;
    Ids offsets, ids;
  };
  for (const Bad& bad :
       {Bad{"a row twice, in two buckets", offsets, {1, 4, 0, 2, 4}}, Bad{"a row twice, in one bucket", offsets, {1, 1, 0, 2, 3}},
        Bad{"a bucket that does not ascend", offsets, {4, 1, 0, 2, 3}}, Bad{"a row that is none", offsets, {1, 4, 0, 2, 6}},
        Bad{"offsets that descend", {0, 2, 1, 3, 5}, ids}, Bad{"an end before the last id", {0, 2, 2, 3, 4}, ids},
        Bad{"a begin behind the first id", {1, 2, 2, 3, 5}, ids}, Bad{"a bucket too few", {0, 2, 3, 5}, ids},
        Bad{"nothing", {}, {}}}) {
    INFO(bad.why);
    CHECK_FALSE(tables.restore(0, bad.offsets, bad.ids, 8));
    CHECK(kept());
  }
}

TEST_CASE("tables without rows, or not built yet, have empty buckets", "[unit]") {
  const auto family = Family::make({.kind = FamilyKind::simhash, .dimension = 4, .k = 3, .tables = 2});
  const MatrixSource none(nullptr, 4, 4, 0);
  Tables empty(2, 3, 0, 0, 1), fresh(2, 3, 100, 0, 1);
  empty.build(none, *family);
  for (std::uint32_t code = 0; code < 8; ++code) {
    CHECK(empty.bucket(1, code).empty());
    CHECK(fresh.bucket(1, code).empty());
  }
}

TEST_CASE("a capped build keeps part of each overfull bucket and all of the others", "[unit]") {
  const auto family = Family::make(params_of({2000, 5, FamilyKind::dwta}));
  const Matrix m = normal_matrix(2000, 20, 3);
  const MatrixSource source(m.values.data(), 20, 20, 2000);
  Tables all(5, 9, 2000, 0, 1), capped(5, 9, 2000, 4, 1);
  all.build(source, *family);
  capped.build(source, *family);
  std::size_t thinned = 0;
  for (std::uint32_t t = 0; t < 5; ++t) {
    for (std::uint32_t code = 0; code < 512; ++code) {
      const auto whole = all.bucket(t, code), part = capped.bucket(t, code);
      REQUIRE(part.size() == std::min<std::size_t>(4, whole.size()));
      REQUIRE(std::includes(whole.begin(), whole.end(), part.begin(), part.end()));
      thinned += part.size() < whole.size();
    }
  }
  CHECK(thinned > 100);
  CHECK(capped.memory_bytes() < all.memory_bytes());
  Tables again(5, 9, 2000, 4, 1), other_seed(5, 9, 2000, 4, 2);
  again.build(source, *family);
  other_seed.build(source, *family);
  CHECK(same_buckets(capped, again));
  CHECK_FALSE(same_buckets(capped, other_seed));
}

TEST_CASE("tables do not depend on the number of threads", "[unit]") {
  const auto family = Family::make(params_of({20000, 9, FamilyKind::simhash}));
  const Matrix m = normal_matrix(20000, 20, 5);
  const MatrixSource source(m.values.data(), 20, 20, 20000);
  std::vector<std::uint32_t> moved;
  for (std::uint32_t row = 0; row < 20000; row += 7) moved.push_back(row);
  for (const std::uint32_t cap : {0u, 32u}) {
    std::vector<Tables> results;
    for (const std::size_t threads : {1u, 2u, 4u}) {
      const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      results.emplace_back(9, 7, 20000, cap, 1);
      results.back().build(source, *family);
      rehash(results.back(), source, *family, moved);
    }
    CHECK(same_buckets(results[0], results[1]));
    CHECK(same_buckets(results[0], results[2]));
  }
}

TEST_CASE("uncapped tables hold four bytes per row beside their offsets", "[unit]") {
  const auto family = Family::make(params_of({5000, 4, FamilyKind::dwta}));
  const Matrix m = normal_matrix(5000, 20, 7);
  Tables tables(4, 9, 5000, 0, 1);
  tables.build(MatrixSource(m.values.data(), 20, 20, 5000), *family);
  CHECK(tables.memory_bytes() == 4 * 4 * (5000 + 513));
}
