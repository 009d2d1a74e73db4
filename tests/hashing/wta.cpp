#include <catch2/catch.hpp>

#include <numeric>
#include <random>

#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

namespace {

FamilyParams one_digit(std::uint32_t dimension, std::uint32_t bin_size, std::uint32_t tables = 6000,
                       FamilyKind kind = FamilyKind::dwta) {
  return {.kind = kind, .dimension = dimension, .k = 1, .tables = tables, .seed = 3, .bin_size = bin_size};
}

/// P[the largest of the same m random entries stands at the same place in x and y], by drawing subsets with another generator.
double simulated(const Matrix& pairs, std::size_t bin_size) {
  std::mt19937 random(11);
  std::vector<std::size_t> places(pairs.width);
  std::iota(places.begin(), places.end(), std::size_t{0});
  constexpr int kDraws = 6000;
  std::size_t equal = 0;
  for (std::size_t pair = 0; pair < pairs.rows; pair += 2) {
    for (int draw = 0; draw < kDraws; ++draw) {
      std::size_t best_x = 0, best_y = 0;
      for (std::size_t j = 0; j < bin_size; ++j) {
        std::swap(places[j], places[std::uniform_int_distribution<std::size_t>(j, pairs.width - 1)(random)]);
        if (pairs.row(pair)[places[j]] > pairs.row(pair)[places[best_x]]) best_x = j;
        if (pairs.row(pair + 1)[places[j]] > pairs.row(pair + 1)[places[best_y]]) best_y = j;
      }
      equal += best_x == best_y;
    }
  }
  const std::size_t compared = pairs.rows / 2;
  return static_cast<double>(equal) / (kDraws * static_cast<double>(compared));
}

/// Non-negative vectors with `filled` positive entries, as after a ReLU.
Matrix relu_like(std::size_t rows, std::size_t width, std::size_t filled, std::uint64_t seed) {
  Matrix m(rows, width);
  Random random(mix(seed));
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t n = 0; n < filled; ++n) m.row(i)[random.below(width)] = 0.1f + static_cast<float>(random.unit());
  return m;
}

}  // namespace

// Both sides are estimates from 48,000 draws: the difference has a standard deviation of at most 0.0033.
TEST_CASE("wta digits collide as often as the largest of a random subset coincides", "[property]") {
  for (const std::uint32_t bin_size : {2u, 8u, 32u}) {
    for (const double degrees : {10.0, 30.0, 60.0, 90.0}) {
      CAPTURE(bin_size, degrees);
      const Matrix pairs = pairs_at_angle(8, 129, degrees * std::numbers::pi / 180.0, 29);
      const Approx expected = Approx(simulated(pairs, bin_size)).margin(0.015);
      for (const FamilyKind kind : {FamilyKind::dwta, FamilyKind::wta})
        CHECK(collision_share(*Family::make(one_digit(129, bin_size, 6000, kind)), pairs) == expected);
    }
  }
}

TEST_CASE("wta: identical vectors always meet, independent ones once in bin_size", "[property]") {
  for (const std::uint32_t bin_size : {2u, 4u, 8u, 16u, 64u}) {
    CAPTURE(bin_size);
    const auto family = Family::make(one_digit(256, bin_size, 2000));
    Matrix same = normal_matrix(16, 256, 31);
    for (std::size_t i = 0; i < 16; i += 2) std::copy_n(same.row(i), 256, same.row(i + 1));
    CHECK(collision_share(*family, same) == 1.0);
    CHECK(collision_share(*family, normal_matrix(64, 256, 37)) == Approx(1.0 / bin_size).margin(0.02));
  }
}

// For a bin of two and Gaussian entries, "which of two is larger" is the sign of a difference: 1 - angle / pi in expectation.
TEST_CASE("wta with bins of two follows the angle", "[property]") {
  for (const double degrees : {30.0, 60.0, 120.0}) {
    CAPTURE(degrees);
    const Matrix pairs = pairs_at_angle(64, 129, degrees * std::numbers::pi / 180.0, 41);
    CHECK(collision_share(*Family::make(one_digit(129, 2, 2000)), pairs) == Approx(1.0 - degrees / 180.0).margin(0.02));
  }
}

TEST_CASE("wta: k digits collide with about the k-th power of one digit's probability", "[property]") {
  const Matrix pairs = pairs_at_angle(32, 512, 0.35, 43);
  const double one = collision_share(*Family::make(one_digit(512, 8, 2000)), pairs);
  for (const std::uint32_t k : {2u, 4u, 6u}) {
    CAPTURE(k, one);
    FamilyParams params = one_digit(512, 8, 1000);
    params.k = k;
    CHECK(collision_share(*Family::make(params), pairs) == Approx(std::pow(one, k)).margin(0.03));
  }
}

TEST_CASE("wta depends on the order of the entries only", "[unit]") {
  FamilyParams params = one_digit(100, 8, 30);
  params.k = 6;
  Matrix m = normal_matrix(2, 100, 47);
  for (std::size_t d = 0; d < 100; ++d) m.row(1)[d] = std::exp(m.row(0)[d]) * 3.f + 1.f;
  const Codes codes = codes_of(*Family::make(params), m);
  for (std::size_t t = 0; t < 30; ++t) CHECK(codes.at(t, 0) == codes.at(t, 1));
}

// The same bins, so the same digits, but for the empty ones; a share of 0.59 of these bins is empty.
TEST_CASE("wta without densification gives empty bins digit 0 and all others the digit of dwta", "[unit]") {
  const auto plain = Family::make(one_digit(128, 8, 500, FamilyKind::wta));
  const auto densified = Family::make(one_digit(128, 8, 500));
  const Matrix m = relu_like(32, 128, 8, 51);
  const Codes one = codes_of(*plain, m), other = codes_of(*densified, m);
  std::size_t zero = 0;
  for (std::size_t t = 0; t < 500; ++t) {
    for (std::size_t i = 0; i < 32; ++i) {
      CHECK((one.at(t, i) == 0 || one.at(t, i) == other.at(t, i)));
      zero += one.at(t, i) == 0;
    }
  }
  CHECK(static_cast<double>(zero) / (500 * 32) == Approx(0.59 + 0.41 / 8).margin(0.06));
  const Matrix dense = normal_matrix(8, 128, 52);
  CHECK(codes_of(*plain, dense).values == codes_of(*densified, dense).values);
}

// With 8 of 128 entries filled 6 bins of 10 are empty. Undensified, unrelated vectors would share the empty digit in a third of
// all bins.
TEST_CASE("densification lets sparse vectors collide by likeness, not by emptiness", "[property]") {
  const auto family = Family::make(one_digit(128, 8, 2000));
  const Matrix unrelated = relu_like(64, 128, 8, 53);
  CHECK(collision_share(*family, unrelated) == Approx(1.0 / 8).margin(0.05));

  Matrix alike = relu_like(64, 128, 8, 59);
  for (std::size_t i = 0; i < alike.rows; i += 2) {
    std::copy_n(alike.row(i), 128, alike.row(i + 1));
    for (std::size_t d = 0; d < 128; ++d) alike.row(i + 1)[d] *= 2.f;
  }
  CHECK(collision_share(*family, alike) == 1.0);
  Random random(mix(61));
  for (std::size_t i = 1; i < alike.rows; i += 2) alike.row(i)[random.below(128)] = 0.5f;  // one entry more
  CHECK(collision_share(*family, alike) > 0.75);
}

TEST_CASE("densification: no digit is favoured by vectors with a single entry", "[property]") {
  constexpr std::size_t kTables = 400;
  const auto family = Family::make(one_digit(64, 8, kTables));
  Matrix m(64, 64);
  for (std::size_t i = 0; i < 64; ++i) m.row(i)[i] = 1.f;
  const Codes codes = codes_of(*family, m);
  std::size_t counts[8] = {};
  for (std::size_t t = 0; t < kTables; ++t)
    for (std::size_t i = 0; i < 64; ++i) ++counts[codes.at(t, i)];
  for (const std::size_t count : counts) CHECK(static_cast<double>(count) / (64 * kTables) == Approx(1.0 / 8).margin(0.02));
}

TEST_CASE("a vector of zeros has code 0 and leaves its neighbours alone", "[unit]") {
  FamilyParams params = one_digit(64, 8, 25);
  params.k = 3;
  const auto family = Family::make(params);
  Matrix m = relu_like(5, 64, 6, 67);
  const Codes before = codes_of(*family, m);
  std::fill_n(m.row(2), 64, 0.f);
  const Codes after = codes_of(*family, m);
  for (std::size_t t = 0; t < 25; ++t) {
    CHECK(after.at(t, 2) == 0);
    for (const std::size_t i : {0, 1, 3, 4}) CHECK(after.at(t, i) == before.at(t, i));
  }
}

TEST_CASE("vectors shorter than a bin, or as long, are hashed sensibly", "[unit]") {
  for (const std::uint32_t dimension : {1u, 3u, 8u}) {
    CAPTURE(dimension);
    FamilyParams params = one_digit(dimension, 8, 200);
    params.k = 2;
    const auto family = Family::make(params);
    const Matrix m = normal_matrix(32, dimension, 71);
    const Codes codes = codes_of(*family, m);
    std::vector<bool> seen(8, false);
    for (std::size_t t = 0; t < 200; ++t) {
      for (std::size_t i = 0; i < 32; ++i) {
        REQUIRE(codes.at(t, i) < 64u);
        seen[codes.at(t, i) & 7] = true;
      }
    }
    for (std::uint32_t digit = 0; digit < 8; ++digit) CHECK(seen[digit] == (digit < dimension));
  }
}
