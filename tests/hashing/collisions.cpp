#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "hashing/collisions.h"
#include "hashing/matrix_source.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

namespace {

constexpr std::uint32_t kCodedRows = 900, kCodedTables = 70, kCodedBits = 4;
constexpr std::size_t kSamples = 37;

/// Tables with random rows, and samples with random codes. The tables are more than are visited together.
struct Collisions {
  Tables tables{kCodedTables, kCodedBits, kCodedRows, 0, 1};
  std::vector<std::uint32_t> codes = std::vector<std::uint32_t>(kCodedTables * padded(kSamples));
  GroupCodes group{codes.data(), padded(kSamples), kSamples};

  Collisions() {
    Random random(mix(701));
    Matrix m(kCodedRows, kCodedTables);
    for (float& value : m.values) value = static_cast<float>(random.below(16));
    tables.build(MatrixSource(m.values.data(), kCodedTables, kCodedTables, kCodedRows), GivenCodes(kCodedTables, kCodedBits));
    for (std::uint32_t& code : codes) code = static_cast<std::uint32_t>(random.below(16));
  }
  GroupCodes sample(std::size_t s) const { return {codes.data() + s, group.stride, 1}; }

  std::map<std::uint32_t, std::uint32_t> counts(std::size_t s) const {
    std::map<std::uint32_t, std::uint32_t> met;
    for (std::uint32_t t = 0; t < kCodedTables; ++t)
      for (const std::uint32_t row : tables.bucket(t, codes[t * group.stride + s])) ++met[row];
    return met;
  }
  /// All counts of a sample's rows, the largest first.
  std::vector<std::uint32_t> ranked(std::size_t s) const {
    std::vector<std::uint32_t> all;
    for (const auto& [row, count] : counts(s)) all.push_back(count);
    std::sort(all.begin(), all.end(), std::greater<>{});
    return all;
  }
};

/// Each row at most once, with its true count.
void check_counts(const Collisions& f, std::size_t s, std::span<const Collision> found) {
  const auto counts = f.counts(s);
  std::set<std::uint32_t> rows;
  for (const Collision& c : found) {
    REQUIRE(rows.insert(c.row).second);
    REQUIRE(counts.count(c.row) == 1);
    REQUIRE(counts.at(c.row) == c.count);
  }
}

bool same(std::span<const Collision> a, std::span<const Collision> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Collision& x, const Collision& y) { return x.row == y.row && x.count == y.count; });
}

}  // namespace

TEST_CASE("the rows with most collisions are those of a plain count", "[unit]") {
  const Collisions f;
  CollisionCounter counter(kCodedRows, kCodedTables);
  std::vector<Collision> out(2 * kCodedRows);
  for (std::size_t s = 0; s < kSamples; ++s) {
    const auto ranked = f.ranked(s);
    for (const std::size_t limit :
         {std::size_t{0}, std::size_t{1}, std::size_t{25}, std::size_t{400}, std::size_t{850}, out.size()}) {
      CAPTURE(s, limit);
      const std::size_t size = collect_topk(f.tables, f.sample(s), 5 + s, counter, std::span(out).first(limit));
      REQUIRE(size == std::min(limit, ranked.size()));
      check_counts(f, s, {out.data(), size});
      std::vector<std::uint32_t> found;
      for (std::size_t i = 0; i < size; ++i) found.push_back(out[i].count);
      std::sort(found.begin(), found.end(), std::greater<>{});
      REQUIRE(std::equal(found.begin(), found.end(), ranked.begin()));
    }
  }
}

TEST_CASE("rows at a threshold are those of a plain count, up to the limit", "[unit]") {
  const Collisions f;
  CollisionCounter counter(kCodedRows, kCodedTables);
  std::vector<Collision> out(kCodedRows);
  for (const std::uint32_t least : {1u, 2u, 5u, 9u, kCodedTables}) {
    for (const std::size_t limit : {std::size_t{0}, std::size_t{7}, out.size()}) {
      CAPTURE(least, limit);
      const auto ranked = f.ranked(3);
      const auto enough = std::count_if(ranked.begin(), ranked.end(), [&](std::uint32_t count) { return count >= least; });
      const std::size_t size = collect_threshold(f.tables, f.sample(3), 11, least, counter, std::span(out).first(limit));
      REQUIRE(size == std::min(limit, static_cast<std::size_t>(enough)));
      check_counts(f, 3, {out.data(), size});
      for (std::size_t i = 0; i < size; ++i) REQUIRE(out[i].count >= least);
    }
  }
}

TEST_CASE("ties are drawn from the seed, and every one of them has its turn", "[property]") {
  const Collisions f;
  CollisionCounter counter(kCodedRows, kCodedTables);
  const auto ranked = f.ranked(0);
  constexpr std::size_t kLimit = 60;
  const std::uint32_t last = ranked[kLimit - 1];
  const auto tied = static_cast<std::size_t>(std::count(ranked.begin(), ranked.end(), last));
  REQUIRE(tied > 20);
  std::set<std::uint32_t> taken;
  std::vector<Collision> out(kLimit), again(kLimit);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    collect_topk(f.tables, f.sample(0), seed, counter, out);
    collect_topk(f.tables, f.sample(0), seed, counter, again);
    REQUIRE(same(out, again));
    for (const Collision& c : out)
      if (c.count == last) taken.insert(c.row);
  }
  CHECK(taken.size() == tied);
}

// The counter's marks have 16 bits: with 70 tables the rounds come around after 935 of them.
TEST_CASE("a counter that was cleared very often counts as a new one", "[unit]") {
  const Collisions f;
  CollisionCounter counter(kCodedRows, kCodedTables);
  std::vector<Collision> out(50), expected(50);
  for (std::size_t round = 0; round < 3000; ++round) {
    const std::size_t s = round % kSamples;
    collect_topk(f.tables, f.sample(s), 1, counter, out);
    if (round % 311 != 0 && round % 935 > 2) continue;
    CollisionCounter fresh(kCodedRows, kCodedTables);
    collect_topk(f.tables, f.sample(s), 1, fresh, expected);
    REQUIRE(same(out, expected));
  }
}

TEST_CASE("a row that is met in every table of the most that a counter allows is counted", "[unit]") {
  CollisionCounter counter(3, CollisionCounter::kMostTables);
  const std::uint32_t row = 1;
  for (int round = 0; round < 3; ++round) {
    counter.clear();
    for (std::uint32_t t = 0; t < CollisionCounter::kMostTables; ++t) counter.add({&row, 1});
    CHECK(counter.count(1) == CollisionCounter::kMostTables);
    CHECK(counter.count(0) == 0);
    CHECK(counter.met().size() == 1);
    CHECK(counter.met_again().size() == 1);
  }
}
