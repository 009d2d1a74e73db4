#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "hashing/matrix_source.h"
#include "hashing/query.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;
using Rows = std::vector<std::uint32_t>;

namespace {

constexpr std::uint32_t kRows = 600, kTables = 10, kBits = 3;

/// Ten tables of eight buckets with random rows, and a group of samples with random codes.
struct Fixture {
  Tables tables{kTables, kBits, kRows, 0, 1};
  std::vector<std::uint32_t> codes;
  GroupCodes group;

  explicit Fixture(std::size_t samples) : codes(kTables * padded(samples)), group{codes.data(), padded(samples), samples} {
    Random random(mix(301));
    Matrix m(kRows, kTables);
    for (float& value : m.values) value = static_cast<float>(random.below(8));
    tables.build(MatrixSource(m.values.data(), kTables, kTables, kRows), GivenCodes(kTables, kBits));
    for (std::uint32_t& code : codes) code = static_cast<std::uint32_t>(random.below(8));
  }

  Rows collected(std::uint64_t seed, std::size_t limit) const {
    StampSet seen(kRows);
    Rows out;
    const std::size_t added = collect(tables, group, seed, limit, seen, out);
    CHECK(added == out.size());
    return out;
  }

  /// The union of the samples' buckets over all tables.
  std::set<std::uint32_t> all() const {
    std::set<std::uint32_t> ids;
    for (std::uint32_t t = 0; t < kTables; ++t)
      for (std::size_t s = 0; s < group.samples; ++s)
        for (const std::uint32_t id : tables.bucket(t, codes[t * group.stride + s])) ids.insert(id);
    return ids;
  }
};

}  // namespace

TEST_CASE("collect finds the union of the buckets, each id once", "[unit]") {
  for (const std::size_t samples : {1u, 3u, 20u}) {
    CAPTURE(samples);
    const Fixture f(samples);
    const Rows found = f.collected(1, kRows);
    const std::set<std::uint32_t> expected = f.all();
    CHECK(found.size() == expected.size());
    CHECK(std::set<std::uint32_t>(found.begin(), found.end()) == expected);
  }
}

TEST_CASE("collect stops at the limit and counts only what it added", "[unit]") {
  const Fixture f(2);
  for (const std::size_t limit : {0u, 1u, 7u, 100u}) CHECK(f.collected(2, limit).size() == limit);
  StampSet seen(kRows);
  Rows out{5, 6, 7};
  CHECK(collect(f.tables, f.group, 3, 40, seen, out) == 40);
  CHECK(out.size() == 43);
  CHECK(Rows(out.begin(), out.begin() + 3) == Rows{5, 6, 7});
}

TEST_CASE("collect leaves out what was seen before and marks what it adds", "[unit]") {
  const Fixture f(2);
  StampSet seen(kRows);
  for (std::uint32_t id = 0; id < kRows; id += 2) seen.insert(id);
  Rows out;
  collect(f.tables, f.group, 4, kRows, seen, out);
  for (const std::uint32_t id : out) CHECK(id % 2 == 1);
  for (const std::uint32_t id : out) CHECK(seen.contains(id));
  CHECK_FALSE(out.empty());
  CHECK(collect(f.tables, f.group, 5, kRows, seen, out) == 0);
}

TEST_CASE("collect is a function of its seed", "[unit]") {
  const Fixture f(3);
  CHECK(f.collected(7, 50) == f.collected(7, 50));
  CHECK(f.collected(7, 50) != f.collected(8, 50));
}

TEST_CASE("collect of no samples finds nothing", "[unit]") {
  Fixture f(1);
  f.group.samples = 0;
  CHECK(f.collected(1, 10).empty());
}

// Each table holds ids of its own, so an id tells when its table was visited: the first one gives ten ids, the second the next.
TEST_CASE("collect visits tables, samples and places in a bucket in an even random order", "[property]") {
  constexpr std::uint32_t kPerBucket = 5;
  // Row r: table r / 10 holds it in bucket (r / 5) % 2, all other tables in bucket 2, which nobody asks for.
  Matrix m(kTables * 2 * kPerBucket, kTables);
  for (std::size_t r = 0; r < m.rows; ++r)
    for (std::size_t t = 0; t < kTables; ++t) m.row(r)[t] = t == r / 10 ? static_cast<float>(r / 5 % 2) : 2.f;
  Tables tables(kTables, 2, static_cast<std::uint32_t>(m.rows), 0, 1);
  tables.build(MatrixSource(m.values.data(), kTables, kTables, static_cast<std::uint32_t>(m.rows)), GivenCodes(kTables, 2));
  std::vector<std::uint32_t> codes(kTables * kLanes, 0);
  for (std::size_t t = 0; t < kTables; ++t) codes[t * kLanes + 1] = 1;
  std::vector<std::size_t> first(m.rows, 0), eleventh(m.rows, 0);
  constexpr int kSeeds = 20000;
  StampSet seen(m.rows);
  Rows out;
  for (int seed = 0; seed < kSeeds; ++seed) {
    seen.clear();
    out.clear();
    REQUIRE(collect(tables, {codes.data(), kLanes, 2}, static_cast<std::uint64_t>(seed), 11, seen, out) == 11);
    ++first[out[0]];
    ++eleventh[out[10]];
  }
  // 100 ids, 200 expected each: chi-square with 99 degrees of freedom exceeds 160 once in 10,000 runs.
  for (const std::vector<std::size_t>& counts : {first, eleventh}) {
    double sum = 0;
    for (const std::size_t count : counts) sum += std::pow(static_cast<double>(count) - 200.0, 2) / 200.0;
    CHECK(sum < 160);
  }
}

TEST_CASE("inside a bucket collect wraps around from where it started", "[unit]") {
  Matrix m(20, 1);
  Tables tables(1, 1, 20, 0, 1);
  tables.build(MatrixSource(m.values.data(), 1, 1, 20), GivenCodes(1, 1));
  const std::uint32_t code = 0;
  std::set<std::uint32_t> starts;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    StampSet seen(20);
    Rows out;
    REQUIRE(collect(tables, {&code, 1, 1}, seed, 20, seen, out) == 20);
    for (std::size_t i = 1; i < 20; ++i) REQUIRE(out[i] == (out[i - 1] + 1) % 20);
    starts.insert(out[0]);
  }
  CHECK(starts.size() == 20);
}

TEST_CASE("collect does not allocate once the output has room", "[unit]") {
  const Fixture f(3);
  StampSet seen(kRows);
  Rows out;
  out.reserve(100);
  const std::uint32_t* data = out.data();
  CHECK(collect(f.tables, f.group, 9, 100, seen, out) == 100);
  CHECK(out.data() == data);
}

TEST_CASE("samples that share a limit share it evenly", "[unit]") {
  // One table; sample s finds bucket s, which holds the rows 100 s .. 100 s + 99.
  constexpr std::size_t kSamples = 4, kBucket = 100;
  Matrix m(kSamples * kBucket, 1);
  for (std::size_t r = 0; r < m.rows; ++r) {
    const std::size_t bucket = r / kBucket;
    m.row(r)[0] = static_cast<float>(bucket);
  }
  Tables tables(1, 2, static_cast<std::uint32_t>(m.rows), 0, 1);
  tables.build(MatrixSource(m.values.data(), 1, 1, static_cast<std::uint32_t>(m.rows)), GivenCodes(1, 2));
  std::vector<std::uint32_t> codes(kLanes, 0);
  for (std::uint32_t s = 0; s < kSamples; ++s) codes[s] = s;
  StampSet seen(m.rows);
  Rows out;
  REQUIRE(collect(tables, {codes.data(), kLanes, kSamples}, 1, 40, seen, out) == 40);
  std::vector<std::size_t> found(kSamples, 0);
  for (const std::uint32_t id : out) ++found[id / kBucket];
  for (const std::size_t count : found) CHECK(count == 10);
}
