#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "hashing/set_minhash.h"

using namespace glissade::hashing;

TEST_CASE("sets meet in a table as often as their similarity to the power k", "[unit]") {
  constexpr std::uint32_t kTables = 4000;
  for (const std::uint32_t shared : {4u, 12u, 18u}) {
    std::vector<std::uint32_t> a, b;
    for (std::uint32_t i = 0; i < 20; ++i) {
      a.push_back(1000 + i * 7);
      b.push_back(i < shared ? 1000 + i * 7 : 50'000 + i);
    }
    std::ranges::reverse(b);
    const double similarity = shared / (40.0 - shared);
    for (const std::uint32_t k : {1u, 2u, 3u}) {
      const SetMinHash hash(k, 5);
      double met = 0;
      for (std::uint32_t table = 0; table < kTables; ++table) met += hash.code(a, table) == hash.code(b, table);
      const double p = std::pow(similarity, k);
      CAPTURE(shared, k);
      CHECK(met / kTables == Approx(p).margin(4 * std::sqrt(p * (1 - p) / kTables)));
    }
  }
}

TEST_CASE("a set's code does not depend on the order of its ids, but on table and seed", "[unit]") {
  std::vector<std::uint32_t> ids = {5, 900, 17, 4'000'000'000u};
  const SetMinHash hash(2, 1);
  const std::uint32_t code = hash.code(ids, 3);
  std::ranges::sort(ids);
  CHECK(hash.code(ids, 3) == code);
  CHECK(hash.code(ids, 4) != code);
  CHECK(SetMinHash(2, 2).code(ids, 3) != code);
  CHECK(SetMinHash(1, 1).code(ids, 3) != code);
  CHECK(hash.code({}, 3) == hash.code({}, 3));
}
