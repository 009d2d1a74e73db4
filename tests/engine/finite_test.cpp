#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "engine/parameters/finite.h"
#include "engine/search/moderate.h"

namespace glissade::test {

TEST_CASE("one NaN or infinity is found anywhere, and no large number is taken for one", "[unit][levels]") {
  constexpr float kLargest = std::numeric_limits<float>::max();
  for (const std::size_t size : {0u, 1u, 7u, 64u, 4096u, 9001u}) {
    std::vector<float> values(size, -0.25f);
    CHECK_FALSE(first_not_finite(values));
    CHECK(are_moderate(values));
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      if (at >= size) continue;
      for (const float bad : {std::nanf(""), -std::nanf(""), INFINITY, -INFINITY}) {
        values[at] = bad;
        CAPTURE(size, at, bad);
        CHECK(first_not_finite(values) == at);
        CHECK_FALSE(are_moderate(values));
      }
      for (const float large : {kLargest, -kLargest, 1e30f}) {
        values[at] = large;
        CHECK_FALSE(first_not_finite(values));
      }
      values[at] = 1e15f;
      CHECK(are_moderate(values));
      values[at] = 0;
    }
  }
}

TEST_CASE("one NaN or infinity among bf16 numbers is found anywhere", "[unit]") {
  constexpr std::uint16_t kLargest = 0x7f7f, kLowest = 0xff7f;
  for (const std::size_t size : {0u, 1u, 7u, 64u, 4096u, 9001u}) {
    std::vector<std::uint16_t> halves(size, kLargest);
    CHECK_FALSE(first_not_finite(halves));
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      if (at >= size) continue;
      for (const std::uint16_t bad :
           {std::uint16_t{0x7f80}, std::uint16_t{0x7fc0}, std::uint16_t{0xff80}, std::uint16_t{0xffff}, std::uint16_t{0x7f81}}) {
        halves[at] = bad;
        CHECK(first_not_finite(halves) == at);
      }
      halves[at] = kLowest;
      CHECK_FALSE(first_not_finite(halves));
    }
  }
}

}  // namespace glissade::test
