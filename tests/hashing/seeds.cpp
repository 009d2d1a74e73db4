#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "hashing/seeds.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

// Reference values of SplitMix64 seeded with 0: state after the first and second increment.
TEST_CASE("mix is splitmix64", "[unit]") {
  CHECK(mix(0) == 0xe220a8397b1dcdafull);
  CHECK(mix(0x9e3779b97f4a7c15ull) == 0x6e789e6aa1b965f4ull);
}

TEST_CASE("random numbers stay in range and fill it evenly", "[unit]") {
  Random random(1);
  std::size_t counts[10] = {};
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    ++counts[random.below(10)];
    const double unit = random.unit();
    REQUIRE((unit >= 0.0 && unit < 1.0));
    sum += unit;
  }
  for (const std::size_t count : counts) CHECK(static_cast<double>(count) == Approx(10000).margin(500));
  CHECK(sum / 100000 == Approx(0.5).margin(0.005));
  CHECK(Random(3).below(1) == 0);
}

TEST_CASE("derived seeds depend on every part", "[unit]") {
  CHECK(derive(1, 2, 3) == derive(1, 2, 3));
  CHECK(derive(1, 2, 3) != derive(2, 2, 3));
  CHECK(derive(1, 2, 3) != derive(1, 3, 3));
  CHECK(derive(1, 2, 3) != derive(1, 2, 4));
  CHECK(derive(1, 2) != derive(2, 1));
}

// What is drawn are small counters and neighbouring seeds: one bit of difference must reach every bit of the answer.
TEST_CASE("each bit of a counter or a seed turns each bit of what is derived half of the time", "[unit]") {
  constexpr std::uint64_t kSamples = 1 << 14;
  const auto worst = [](auto&& hash) {
    double bias = 0;
    for (int in = 0; in < 64; ++in) {
      std::vector<int> turned(64);
      for (std::uint64_t i = 0; i < kSamples; ++i) {
        const std::uint64_t different = hash(i) ^ hash(i ^ std::uint64_t{1} << in);
        for (int out = 0; out < 64; ++out) turned[out] += static_cast<int>(different >> out & 1);
      }
      for (const int count : turned) bias = std::max(bias, std::abs(count / static_cast<double>(kSamples) - 0.5));
    }
    return bias;
  };
  // Chance alone: six deviations of half of the samples, which pair up where the bit is a low one.
  const double chance = 6 * 0.5 / std::sqrt(kSamples / 2.0);
  CHECK(worst([](std::uint64_t i) { return mix(i); }) < chance);
  CHECK(worst([](std::uint64_t i) { return derive(7, 3, i); }) < chance);
  CHECK(worst([](std::uint64_t i) { return derive(i, 3, 5); }) < chance);
  CHECK(worst([](std::uint64_t i) { return derive(7, i, 5); }) < chance);
}

// Tables of the same seed must be the same on every machine and in every release: small whole numbers leave nothing to rounding.
TEST_CASE("the codes of a seed are frozen", "[unit]") {
  Matrix m(32, 40);
  Random random(5);
  for (float& value : m.values) value = static_cast<float>(random.below(9)) - 4.f;
  for (std::size_t d = 3; d < 40; ++d) m.row(7)[d] = 0.f;  // some empty bins
  const auto digest = [&](FamilyKind kind) {
    const Codes codes = codes_of(*Family::make({.kind = kind, .dimension = 40, .k = 4, .tables = 10, .seed = 12345}), m);
    return std::accumulate(codes.values.begin(), codes.values.end(), std::uint64_t{0},
                           [](std::uint64_t hash, std::uint32_t code) { return mix(hash ^ code); });
  };
  CHECK(digest(FamilyKind::simhash) == 0xa90d0ea5870bed9cull);
  CHECK(digest(FamilyKind::dwta) == 0xa9ba0c900e1b3863ull);
  CHECK(digest(FamilyKind::wta) == 0x7d2549d466a3b64aull);
  CHECK(digest(FamilyKind::minhash) == 0x7b48a370f1dc160eull);
}
