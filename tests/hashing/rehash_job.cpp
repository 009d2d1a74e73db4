#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include <tbb/global_control.h>

#include "hashing/matrix_source.h"
#include "hashing/rehash_job.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;
using Rows = std::vector<std::uint32_t>;

namespace {

constexpr std::uint32_t kJobRows = 9001, kJobTables = 10, kJobWidth = 24;

/// Tables that were built, and then every other row changed.
struct World {
  Matrix m = normal_matrix(kJobRows, kJobWidth, 9);
  MatrixSource source{m.values.data(), kJobWidth, kJobWidth, kJobRows};
  std::unique_ptr<Family> family =
      Family::make({.kind = FamilyKind::simhash, .dimension = kJobWidth, .k = 7, .tables = kJobTables});
  Tables tables;
  Rows moved;

  explicit World(std::uint32_t cap = 0) : tables(kJobTables, 7, kJobRows, cap, 1) {
    tables.build(source, *family);
    for (std::uint32_t row = 0; row < kJobRows; row += 2) moved.push_back(row);
    change(moved, 10);
  }
  void change(const Rows& rows, std::uint64_t seed) {
    Random random(mix(seed));
    for (const std::uint32_t row : rows) fill_normal(random, {m.row(row), kJobWidth});
  }
  Tables built() const {
    Tables full(kJobTables, 7, kJobRows, 0, 1);
    full.build(source, *family);
    return full;
  }
};

/// Each row is in exactly one bucket per table, and ids ascend.
bool whole(const Tables& tables) {
  for (std::uint32_t t = 0; t < tables.tables(); ++t) {
    Rows all;
    for (std::uint32_t code = 0; code < 1u << tables.bits(); ++code) {
      const auto bucket = tables.bucket(t, code);
      if (!std::is_sorted(bucket.begin(), bucket.end())) return false;
      all.insert(all.end(), bucket.begin(), bucket.end());
    }
    std::sort(all.begin(), all.end());
    Rows expected(tables.rows());
    std::iota(expected.begin(), expected.end(), 0u);
    if (all != expected) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a re-hash in many slices equals a full build, and tables are whole after each slice", "[unit]") {
  for (const int steps : {1, 3, 40, 1000}) {
    CAPTURE(steps);
    World world;
    RehashJob job;
    CHECK(job.done());
    job.start(world.tables, world.moved);
    CHECK_FALSE(job.done());
    Rows read;
    for (int step = 1; step <= steps; ++step) {
      const auto now = job.advance(static_cast<double>(step) / steps, world.tables, world.source, *world.family);
      read.insert(read.end(), now.begin(), now.end());
      if (step % 7 == 0) REQUIRE(whole(world.tables));
    }
    CHECK(job.done());
    CHECK(read == world.moved);
    CHECK(same_buckets(world.tables, world.built()));
  }
}

TEST_CASE("a re-hash is spread: half of the work is done at half of the time, nothing before it began", "[unit]") {
  World world;
  RehashJob job;
  job.start(world.tables, world.moved);
  const Tables before = world.tables;
  CHECK(job.advance(0, world.tables, world.source, *world.family).empty());
  CHECK(same_buckets(before, world.tables));
  job.advance(0.6, world.tables, world.source, *world.family);
  const Tables full = world.built();
  std::size_t renewed = 0;
  for (std::uint32_t t = 0; t < kJobTables; ++t) {
    bool same = true;
    for (std::uint32_t code = 0; code < 128; ++code) {
      const auto x = world.tables.bucket(t, code), y = full.bucket(t, code);
      same = same && std::equal(x.begin(), x.end(), y.begin(), y.end());
    }
    renewed += same;
  }
  CHECK(renewed > 0);
  CHECK(renewed < kJobTables);
  CHECK_FALSE(job.done());
}

TEST_CASE("rows that change after they were read keep the bucket of what was read", "[unit]") {
  World world;
  RehashJob job;
  job.start(world.tables, world.moved);
  Rows read;
  while (read.size() < world.moved.size()) {
    const auto now = job.advance(0.01 + static_cast<double>(read.size()) / kJobRows, world.tables, world.source, *world.family);
    read.insert(read.end(), now.begin(), now.end());
  }
  const Tables expected = world.built();
  world.change(world.moved, 11);
  CHECK(job.advance(1, world.tables, world.source, *world.family).empty());
  CHECK(same_buckets(world.tables, expected));
}

TEST_CASE("a job that is dropped or started anew leaves valid tables behind", "[unit]") {
  World world;
  RehashJob job;
  job.start(world.tables, world.moved);
  job.advance(0.7, world.tables, world.source, *world.family);
  job.drop();
  CHECK(job.done());
  CHECK(job.advance(1, world.tables, world.source, *world.family).empty());
  CHECK(whole(world.tables));
  job.start(world.tables, world.moved);
  job.advance(0.4, world.tables, world.source, *world.family);
  Rows all(kJobRows);
  std::iota(all.begin(), all.end(), 0u);
  job.start(world.tables, all);
  CHECK(job.advance(1, world.tables, world.source, *world.family).size() == kJobRows);
  CHECK(same_buckets(world.tables, world.built()));
}

TEST_CASE("a job without rows is done at once", "[unit]") {
  World world;
  RehashJob job;
  job.start(world.tables, {});
  CHECK(job.done());
  CHECK(job.advance(1, world.tables, world.source, *world.family).empty());
}

TEST_CASE("what a slice leaves behind does not depend on the number of threads", "[unit]") {
  for (const std::uint32_t cap : {0u, 30u}) {
    std::vector<Tables> results;
    for (const std::size_t threads : {1u, 2u, 4u}) {
      const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      World world(cap);
      RehashJob job;
      job.start(world.tables, world.moved);
      for (const double share : {0.2, 0.5, 0.7}) job.advance(share, world.tables, world.source, *world.family);
      results.push_back(world.tables);
    }
    CHECK(same_buckets(results[0], results[1]));
    CHECK(same_buckets(results[0], results[2]));
  }
}

TEST_CASE("a job holds no more memory than it says", "[unit]") {
  World world;
  RehashJob job;
  job.start(world.tables, world.moved);
  job.advance(1, world.tables, world.source, *world.family);
  CHECK(job.memory_bytes() > 4 * world.moved.size() * kJobTables);
  CHECK(job.memory_bytes() <= RehashJob::most_bytes(kJobTables, 7, kJobRows, 64));
}
