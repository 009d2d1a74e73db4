#include <catch2/catch.hpp>

#include "simd/level.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;
namespace simd = glissade::simd;

namespace {

/// Ordinary vectors, sparse ones, zeros, ties, and magnitudes from denormal to huge.
Matrix awkward_vectors(std::size_t width) {
  Matrix m = normal_matrix(50, width, 201);
  Random random(mix(203));
  for (std::size_t i = 10; i < m.rows; ++i) {
    for (std::size_t d = 0; d < width; ++d) {
      float& value = m.row(i)[d];
      if (i < 20)
        value = random.below(10) == 0 ? std::abs(value) : 0.f;
      else if (i < 25)
        value = 0.f;
      else if (i < 30)
        value = random.below(2) == 0 ? -0.f : 0.f;
      else if (i < 40)
        value = static_cast<float>(random.below(3)) - 1.f;
      else
        value = std::ldexp(value, static_cast<int>(random.below(270)) - 145);
    }
  }
  return m;
}

}  // namespace

TEST_CASE("codes are bit-identical at every simd level", "[simd]") {
  for (const std::uint32_t dimension : {1u, 7u, 16u, 129u, 200u}) {
    for (const FamilyKind kind : kFamilies) {
      for (const std::uint32_t bin_size : {2u, 8u, 128u}) {
        const std::uint32_t k = kind != FamilyKind::simhash && bin_size == 128 ? 3 : 7;
        const FamilyParams params{.kind = kind, .dimension = dimension, .k = k, .tables = 13, .seed = 77, .bin_size = bin_size};
        const Matrix m = awkward_vectors(dimension);
        const Codes expected = codes_of(*Family::make(params, simd::kernels_of(simd::Level::scalar)), m);
        for (int i = 1; i < simd::kLevelCount; ++i) {
          const auto level = static_cast<simd::Level>(i);
          if (!simd::is_usable(level)) continue;
          CAPTURE(simd::level_name(level), dimension, bin_size, static_cast<int>(kind));
          CHECK(codes_of(*Family::make(params, simd::kernels_of(level)), m).values == expected.values);
        }
      }
    }
  }
}
