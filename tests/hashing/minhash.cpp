#include <catch2/catch.hpp>

#include <numeric>

#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

namespace {

constexpr std::uint32_t kDimension = 128, kBin = 8, kSet = 16;

FamilyParams one_digit(std::uint32_t tables) {
  return {.kind = FamilyKind::minhash,
          .dimension = kDimension,
          .k = 1,
          .tables = tables,
          .seed = 3,
          .bin_size = kBin,
          .set_size = kSet};
}

/// Pairs of sets of kSet dimensions each, of which `shared` are in both; members are positive, all other entries negative.
Matrix set_pairs(std::size_t pairs, std::size_t shared, std::uint64_t seed) {
  Matrix m(2 * pairs, kDimension);
  std::fill(m.values.begin(), m.values.end(), -1.f);
  Random random(mix(seed));
  std::vector<std::size_t> places(kDimension);
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    std::iota(places.begin(), places.end(), std::size_t{0});
    for (std::size_t j = 0; j < 2 * kSet; ++j) std::swap(places[j], places[j + random.below(kDimension - j)]);
    for (std::size_t j = 0; j < kSet; ++j) {
      m.row(2 * pair)[places[j]] = 0.5f + static_cast<float>(random.unit());
      m.row(2 * pair + 1)[places[j + kSet - shared]] = 0.5f + static_cast<float>(random.unit());
    }
  }
  return m;
}

/// P[none of `members` of `all` dimensions are among `drawn` ones].
double none_of(double members, double all, std::size_t drawn) {
  double p = 1;
  for (std::size_t i = 0; i < drawn; ++i) p *= (all - members - static_cast<double>(i)) / (all - static_cast<double>(i));
  return p;
}

/// P[the first member is at place j | there is one].
double first_at(std::size_t j, double members, double all) {
  return (none_of(members, all, j) - none_of(members, all, j + 1)) / (1 - none_of(members, all, kBin));
}

/// A bin that either set fills: the first member of the union is in both with probability J. One that exactly one set fills: the
/// other borrows a digit, which is the same by accident. One that both leave empty: both borrow along the same probes, as if
/// asked again.
double expected(std::size_t shared) {
  const double all = kDimension, in_union = 2.0 * kSet - static_cast<double>(shared);
  const double both_empty = none_of(in_union, all, kBin);
  const double one_empty = 2 * (none_of(kSet, all, kBin) - both_empty);
  double accident = 0;
  for (std::size_t j = 0; j < kBin; ++j) {
    accident += first_at(j, kSet, all) * first_at(j, kSet - static_cast<double>(shared), all - kSet);
  }
  return static_cast<double>(shared) / in_union + one_empty / (1 - both_empty) * accident;
}

}  // namespace

// 32 pairs x 2,000 digits; digits of the same pair that borrow from each other are not independent: three times the plain
// deviation.
TEST_CASE("minhash digits collide with the Jaccard similarity plus what collides by accident", "[property]") {
  const auto family = Family::make(one_digit(2000));
  for (const std::size_t shared : {1u, 4u, 8u, 12u, 15u}) {
    CAPTURE(shared);
    CHECK(collision_share(*family, set_pairs(32, shared, 19)) == Approx(expected(shared)).margin(0.02));
  }
}

TEST_CASE("minhash: same sets always meet, disjoint ones by accident only", "[property]") {
  const auto family = Family::make(one_digit(2000));
  CHECK(collision_share(*family, set_pairs(16, kSet, 23)) == 1.0);
  CHECK(collision_share(*family, set_pairs(64, 0, 29)) < 1.2 / kBin);
}

TEST_CASE("minhash looks at the largest positive entries alone", "[unit]") {
  const auto family = Family::make(one_digit(200));
  Matrix m = set_pairs(1, 8, 31);
  std::copy_n(m.row(0), kDimension, m.row(1));
  for (std::size_t d = 0; d < kDimension; ++d) {
    float& value = m.row(1)[d];
    value =
        value > 0 ? 3.f * value : 0.01f * static_cast<float>(d % 3) - 0.01f;  // the others stay below, some become 0 or positive
  }
  const Codes codes = codes_of(*family, m);
  for (std::size_t t = 0; t < 200; ++t) CHECK(codes.at(t, 0) == codes.at(t, 1));
}

TEST_CASE("minhash: of equal entries the lower dimensions are in the set", "[unit]") {
  const auto family = Family::make(one_digit(300));
  Matrix m(2, kDimension);
  for (std::size_t d = 10; d < 100; ++d) m.row(0)[d] = 1.f;
  for (std::size_t d = 10; d < 10 + kSet; ++d) m.row(1)[d] = 1.f;
  const Codes codes = codes_of(*family, m);
  for (std::size_t t = 0; t < 300; ++t) CHECK(codes.at(t, 0) == codes.at(t, 1));
}

TEST_CASE("minhash: a vector without positive entries has code 0", "[unit]") {
  FamilyParams params = one_digit(20);
  params.k = 3;
  Matrix m(2, kDimension);
  std::fill_n(m.row(1), kDimension, -2.f);
  const Codes codes = codes_of(*Family::make(params), m);
  for (std::size_t t = 0; t < 20; ++t) CHECK((codes.at(t, 0) == 0 && codes.at(t, 1) == 0));
}

TEST_CASE("minhash clips the set to the dimension", "[unit]") {
  const auto of = [](std::uint32_t dimension, std::uint32_t set_size) {
    return Family::make({.kind = FamilyKind::minhash, .dimension = dimension, .k = 1, .set_size = set_size})->params().set_size;
  };
  CHECK(of(5, 0) == 5);
  CHECK(of(20, 0) == 8);
  CHECK(of(129, 0) == 16);
  CHECK(of(129, 500) == 129);
  CHECK(of(129, 40) == 40);
}
