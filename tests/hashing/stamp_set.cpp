#include <catch2/catch.hpp>

#include "hashing/query.h"

using glissade::hashing::StampSet;

namespace glissade::hashing {

struct StampSetRound {
  static std::uint32_t& of(StampSet& set) { return set.round_; }
};

}  // namespace glissade::hashing

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

// What was stamped in round 1 must not be in again when the 32-bit round has come back to 1, nor what never was at round 0.
TEST_CASE("old stamps do not come to life when the round wraps around", "[unit]") {
  StampSet set(4);
  set.insert(0);
  glissade::hashing::StampSetRound::of(set) = 0xfffffffeu;
  set.insert(1);
  set.clear();
  set.insert(2);
  CHECK(set.contains(2));
  set.clear();
  for (std::uint32_t id = 0; id < 4; ++id) CHECK_FALSE(set.contains(id));
  CHECK(set.insert(3));
  CHECK_FALSE(set.insert(3));
}
