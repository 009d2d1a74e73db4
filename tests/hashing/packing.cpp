#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

namespace {

/// Share of the 2^bits addresses of table 0 that `blocks` x 16 random vectors reach; fails on an address outside.
double coverage(const FamilyParams& params, std::size_t blocks) {
  const auto family = Family::make(params);
  const std::uint32_t addresses = 1u << table_bits(params);
  std::vector<bool> seen(addresses, false);
  std::vector<float> block(params.dimension * kLanes);
  std::vector<std::uint32_t> codes(params.tables * kLanes);
  Random random(mix(101));
  for (std::size_t b = 0; b < blocks; ++b) {
    for (float& value : block) value = static_cast<float>(static_cast<std::int64_t>(random.next())) * 0x1p-63f;
    family->codes(block.data(), codes.data());
    REQUIRE(*std::max_element(codes.begin(), codes.end()) < addresses);
    for (std::size_t lane = 0; lane < kLanes; ++lane) seen[codes[lane]] = true;
  }
  return static_cast<double>(std::count(seen.begin(), seen.end(), true)) / addresses;
}

}  // namespace

TEST_CASE("table_bits is exact", "[unit]") {
  CHECK(table_bits({.kind = FamilyKind::simhash, .k = 9}) == 9);
  CHECK(table_bits({.kind = FamilyKind::dwta, .k = 6, .bin_size = 8}) == 18);
  CHECK(table_bits({.kind = FamilyKind::dwta, .k = 5, .bin_size = 2}) == 5);
  CHECK(table_bits({.kind = FamilyKind::dwta, .k = 2, .bin_size = 128}) == 14);
  CHECK(table_bits({.kind = FamilyKind::dwta, .k = 4, .bin_size = 16}) == 16);
  CHECK(table_bits({.kind = FamilyKind::wta, .k = 3, .bin_size = 8}) == 9);
  CHECK(table_bits({.kind = FamilyKind::minhash, .k = 3, .bin_size = 4}) == 6);
}

TEST_CASE("every address of a table is reached", "[unit]") {
  for (const std::uint32_t k : {1u, 4u, 9u}) {
    CAPTURE(k);
    CHECK(coverage({.kind = FamilyKind::simhash, .dimension = 200, .k = k, .tables = 2}, 1000) == 1.0);
  }
  for (const std::uint32_t bin_size : {2u, 4u, 8u, 16u}) {
    CAPTURE(bin_size);
    for (const FamilyKind kind : {FamilyKind::dwta, FamilyKind::wta})
      CHECK(coverage({.kind = kind, .dimension = 2 * bin_size, .k = 2, .tables = 2, .bin_size = bin_size}, 400) == 1.0);
    // The first member of a set stands at the last place of a bin with a probability of about 1 / 60.
    CHECK(coverage({.kind = FamilyKind::minhash, .dimension = 8 * bin_size, .k = 2, .tables = 2, .bin_size = bin_size}, 4000) ==
          1.0);
  }
}

// An earlier system packed digits of three bits with shifts of two: 9,556 of the 262,144 addresses of K = 6 could be reached.
// Digits from disjoint bins are independent and uniform, so n vectors reach a share of 1 - exp(-n / 2^18) = 0.865 here.
TEST_CASE("six digits of three bits address all of 262,144 buckets", "[property]") {
  const FamilyParams params{.kind = FamilyKind::dwta, .dimension = 48, .k = 6, .tables = 1};
  CHECK(coverage(params, 2 * 262144 / kLanes) == Approx(0.8647).margin(0.005));
}
