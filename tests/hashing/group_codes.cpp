#include <catch2/catch.hpp>

#include <array>
#include <numeric>

#include "hashing/matrix_source.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

TEST_CASE("a block is the transposed rows, padded with zeros", "[unit]") {
  std::vector<float> rows(5 * 8);
  std::iota(rows.begin(), rows.end(), 1.f);
  std::vector<float> block(7 * kLanes + 1, -1.f);
  transpose_block(rows.data(), 8, 5, 7, block.data());
  for (std::size_t d = 0; d < 7; ++d)
    for (std::size_t lane = 0; lane < kLanes; ++lane) CHECK(block[d * kLanes + lane] == (lane < 5 ? rows[lane * 8 + d] : 0.f));
  CHECK(block.back() == -1.f);
}

TEST_CASE("a group's codes are those of its samples one by one", "[unit]") {
  for (const FamilyKind kind : kFamilies) {
    const auto family = Family::make({.kind = kind, .dimension = 30, .k = 3, .tables = 11});
    const Matrix m = normal_matrix(37, 30, 401);
    const Codes all = codes_of(*family, m);
    CHECK(all.stride == 48);
    std::vector<std::uint32_t> one(11 * kLanes);
    for (std::size_t i = 0; i < 37; ++i) {
      group_codes(*family, m.row(i), 30, 30, 1, one.data(), kLanes);
      for (std::size_t t = 0; t < 11; ++t) CHECK(all.at(t, i) == one[t * kLanes]);
    }
  }
}

TEST_CASE("a bias is one more dimension, the same from a row source as from a group", "[unit]") {
  for (const FamilyKind kind : kFamilies) {
    const auto family = Family::make({.kind = kind, .dimension = 13, .k = 3, .tables = 9});
    constexpr std::uint32_t kRows = 21;
    const Matrix m = normal_matrix(kRows, 13, 403);  // what the hash must see: 12 values and a bias
    const Codes expected = codes_of(*family, m);
    std::vector<float> biases(kRows);
    for (std::size_t i = 0; i < kRows; ++i) biases[i] = m.row(i)[12];

    const MatrixSource source(m.values.data(), 13, 12, kRows, biases.data());
    std::array<std::uint32_t, 3> ids{20, 0, 7};
    std::vector<float> block(13 * kLanes, 9.f);
    std::vector<std::uint32_t> codes(9 * kLanes);
    source.load(ids, block.data());
    family->codes(block.data(), codes.data());
    for (std::size_t d = 0; d < 13; ++d) CHECK(block[d * kLanes + 3] == 0.f);
    for (std::size_t t = 0; t < 9; ++t)
      for (std::size_t lane = 0; lane < 3; ++lane) CHECK(codes[t * kLanes + lane] == expected.at(t, ids[lane]));

    for (std::size_t i = 0; i < kRows; ++i) {
      group_codes(*family, m.row(i), 13, 12, 1, codes.data(), kLanes, biases[i]);
      for (std::size_t t = 0; t < 9; ++t) CHECK(codes[t * kLanes] == expected.at(t, i));
    }
  }
}
