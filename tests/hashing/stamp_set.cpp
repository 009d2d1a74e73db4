#include <catch2/catch.hpp>

#include "hashing/query.h"

using glissade::hashing::StampSet;

TEST_CASE("a stamp set holds what was inserted since the last clear", "[unit]") {
  StampSet set(10);
  for (std::uint32_t id = 0; id < 10; ++id) CHECK_FALSE(set.contains(id));
  CHECK(set.insert(3));
  CHECK_FALSE(set.insert(3));
  CHECK(set.contains(3));
  CHECK_FALSE(set.contains(4));
  set.clear();
  CHECK_FALSE(set.contains(3));
  CHECK(set.insert(3));
}

TEST_CASE("a stamp set survives the wrap-around of its 32-bit round", "[unit]") {
  StampSet set(4, 0xffffffffu);
  CHECK_FALSE(set.contains(0));
  CHECK(set.insert(0));
  set.clear();  // to round 1 by way of 0
  for (std::uint32_t id = 0; id < 4; ++id) CHECK_FALSE(set.contains(id));
  CHECK(set.insert(1));
  set.clear();
  CHECK_FALSE(set.contains(1));
  CHECK(set.insert(0));
}

// What was stamped in round 1 must not be in again when the round has come back to 1.
TEST_CASE("old stamps do not come to life after a wrap-around", "[unit]") {
  StampSet set(4, 0xfffffffeu);
  set.insert(0);
  set.clear();
  set.insert(1);
  set.clear();
  set.insert(2);
  CHECK_FALSE(set.contains(0));
  CHECK_FALSE(set.contains(1));
  CHECK(set.contains(2));
}
