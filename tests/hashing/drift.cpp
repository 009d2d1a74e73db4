#include <catch2/catch.hpp>

#include "hashing/schedule.h"

using glissade::hashing::Drift;
using Rows = std::vector<std::uint32_t>;

namespace {

Rows moved(const Drift& drift, double threshold) {
  Rows out{999};  // must be overwritten
  drift.moved(threshold, out);
  return out;
}

}  // namespace

TEST_CASE("rows count as moved once their steps add up to more than the threshold", "[unit]") {
  Drift drift(5);
  for (std::uint32_t row = 0; row < 5; ++row) drift.hashed(row, 2.f);
  CHECK(moved(drift, 0.1).empty());
  drift.add(3, 0.01f);  // a step of length 0.1 = 5 % of the row's
  drift.add(1, 0.25f);  // 25 %
  CHECK(moved(drift, 0.1) == Rows{1});
  drift.add(3, 0.04f);  // 15 % in sum
  CHECK(moved(drift, 0.1) == Rows{1, 3});
  CHECK(moved(drift, 0.2) == Rows{1});
  CHECK(moved(drift, 0.3).empty());
}

TEST_CASE("hashing a row starts its drift again, with its new length", "[unit]") {
  Drift drift(2);
  drift.hashed(0, 1.f);
  drift.hashed(1, 1.f);
  drift.add(0, 0.25f);
  drift.hashed(0, 10.f);
  CHECK(moved(drift, 0.1).empty());
  drift.add(0, 0.25f);
  drift.add(1, 0.25f);
  CHECK(moved(drift, 0.1) == Rows{1});
}

TEST_CASE("a row that was never hashed has moved once it steps", "[unit]") {
  Drift drift(3);
  CHECK(moved(drift, 0.5).empty());
  drift.add(2, 1e-12f);
  CHECK(moved(drift, 0.5) == Rows{2});
}
