#include <catch2/catch.hpp>

#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

namespace {

constexpr std::size_t kPairs = 8;

double bit_collisions(std::uint32_t nonzeros, double angle) {
  constexpr std::uint32_t kDimension = 128;
  const FamilyParams params{
      .kind = FamilyKind::simhash, .dimension = kDimension, .k = 1, .tables = 6000, .seed = 5, .nonzeros = nonzeros};
  return collision_share(*Family::make(params), pairs_at_angle(kPairs, kDimension, angle, 17));
}

}  // namespace

// 8 pairs x 6,000 bits: one standard deviation is at most 0.0023.
TEST_CASE("simhash with dense signs collides with probability 1 - angle / pi", "[property]") {
  for (const double degrees : {5.0, 20.0, 45.0, 60.0, 90.0, 120.0, 170.0}) {
    CAPTURE(degrees);
    const double angle = degrees * std::numbers::pi / 180.0;
    CHECK(bit_collisions(128, angle) == Approx(1.0 - angle / std::numbers::pi).margin(0.012));
  }
}

// The entries that a sparse projection looks at enclose an angle of their own, which adds some spread: a bias of at most 0.025 is
// accepted for the default of a third of the dimensions, on vectors whose mass is spread over the dimensions.
TEST_CASE("simhash with the default sparsity stays near 1 - angle / pi", "[property]") {
  for (const double degrees : {5.0, 20.0, 45.0, 60.0, 90.0, 120.0, 170.0}) {
    CAPTURE(degrees);
    const double angle = degrees * std::numbers::pi / 180.0;
    CHECK(bit_collisions(0, angle) == Approx(1.0 - angle / std::numbers::pi).margin(0.025));
  }
}

TEST_CASE("simhash: k bits collide with the k-th power of one bit's probability", "[property]") {
  const double angle = std::numbers::pi / 5;  // p = 0.8
  const Matrix pairs = pairs_at_angle(kPairs, 128, angle, 23);
  for (const std::uint32_t k : {2u, 4u, 8u}) {
    CAPTURE(k);
    const FamilyParams params{.kind = FamilyKind::simhash, .dimension = 128, .k = k, .tables = 1500, .seed = 9, .nonzeros = 128};
    CHECK(collision_share(*Family::make(params), pairs) == Approx(std::pow(0.8, k)).margin(0.03));
  }
}

TEST_CASE("simhash: opposite vectors never meet, scaled ones always do", "[unit]") {
  const auto family = Family::make({.kind = FamilyKind::simhash, .dimension = 33, .k = 7, .tables = 40, .seed = 2});
  Matrix m = normal_matrix(3, 33, 4);
  for (std::size_t d = 0; d < 33; ++d) m.row(1)[d] = -m.row(0)[d], m.row(2)[d] = 4.f * m.row(0)[d];
  const Codes codes = codes_of(*family, m);
  for (std::size_t t = 0; t < 40; ++t) {
    CHECK(codes.at(t, 0) == (codes.at(t, 1) ^ 0x7fu));
    CHECK(codes.at(t, 0) == codes.at(t, 2));
  }
}

TEST_CASE("simhash clips the number of signs to the dimension", "[unit]") {
  const auto of = [](std::uint32_t dimension, std::uint32_t nonzeros) {
    return Family::make({.kind = FamilyKind::simhash, .dimension = dimension, .nonzeros = nonzeros})->params().nonzeros;
  };
  CHECK(of(3, 0) == 3);
  CHECK(of(12, 0) == 8);
  CHECK(of(129, 0) == 43);
  CHECK(of(129, 500) == 129);
  CHECK(of(129, 5) == 5);
}

TEST_CASE("simhash: tables and seeds differ from each other", "[unit]") {
  const Matrix m = normal_matrix(16, 64, 8);
  const auto codes = [&](std::uint64_t seed) {
    return codes_of(*Family::make({.kind = FamilyKind::simhash, .dimension = 64, .k = 16, .tables = 20, .seed = seed}), m);
  };
  const Codes one = codes(1), two = codes(2);
  CHECK(one.values == codes(1).values);
  std::size_t equal_seeds = 0, equal_tables = 0;
  for (std::size_t t = 0; t < 20; ++t) {
    for (std::size_t i = 0; i < 16; ++i) {
      equal_seeds += one.at(t, i) == two.at(t, i);
      equal_tables += one.at(t, i) == one.at((t + 1) % 20, i);
    }
  }
  CHECK(equal_seeds <= 3);
  CHECK(equal_tables <= 3);
}
