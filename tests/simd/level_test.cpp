#include "simd/level.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

namespace glissade::simd {
namespace {

Ceiling known(Level level) { return {Ceiling::Status::known, level, level_name(level)}; }

constexpr unsigned bit(Level level) { return 1u << static_cast<int>(level); }

}  // namespace

TEST_CASE("level names parse back to their levels", "[unit]") {
  for (int i = 0; i < kLevelCount; ++i) {
    const auto level = static_cast<Level>(i);
    Level parsed = level == Level::scalar ? Level::amx : Level::scalar;
    REQUIRE(parse_level(level_name(level), parsed));
    CHECK(parsed == level);
  }
}

TEST_CASE("other names are refused and leave the output alone", "[unit]") {
  for (const char* name : {"", "AVX2", "avx", "avx5", "avx512 ", "avx512bf16x", "sse2", "0"}) {
    INFO(name);
    Level level = Level::avx512;
    CHECK_FALSE(parse_level(name, level));
    CHECK(level == Level::avx512);
  }
}

TEST_CASE("the ceiling limits the choice to what the machine has", "[unit]") {
  const unsigned to_avx2 = bit(Level::scalar) | bit(Level::avx2);
  const unsigned to_bf16 = to_avx2 | bit(Level::avx512) | bit(Level::avx512bf16);
  const Ceiling none{Ceiling::Status::unset, Level::scalar, {}};

  CHECK(choose_level(none, bit(Level::scalar)) == Level::scalar);
  CHECK(choose_level(none, to_avx2) == Level::avx2);
  CHECK(choose_level(none, to_bf16) == Level::avx512bf16);
  CHECK(choose_level(known(Level::scalar), to_bf16) == Level::scalar);
  CHECK(choose_level(known(Level::avx512), to_bf16) == Level::avx512);
  CHECK(choose_level(known(Level::avx512), to_avx2) == Level::avx2);
  CHECK(choose_level(known(Level::amx), to_bf16) == Level::avx512bf16);
}

TEST_CASE("a gap in the levels is stepped over", "[unit]") {
  const unsigned gap = bit(Level::scalar) | bit(Level::avx512);
  CHECK(choose_level(known(Level::avx2), gap) == Level::scalar);
  CHECK(choose_level(known(Level::avx512bf16), gap) == Level::avx512);
}

TEST_CASE("levels that do not pay are left out where nobody asked for them", "[unit]") {
  const unsigned to_avx512 = bit(Level::scalar) | bit(Level::avx2) | bit(Level::avx512);
  const unsigned to_bf16 = to_avx512 | bit(Level::avx512bf16), to_amx = to_bf16 | bit(Level::amx);
  CHECK(paying_levels(to_bf16, true) == to_avx512);
  CHECK(paying_levels(to_amx, true) == to_amx);
  CHECK(paying_levels(to_bf16, false) == to_bf16);
  CHECK(paying_levels(to_avx512, true) == to_avx512);
}

TEST_CASE("an unknown ceiling counts as none", "[unit]") {
  const Ceiling unknown{Ceiling::Status::unknown, Level::scalar, "sse9"};
  CHECK(choose_level(unknown, bit(Level::scalar) | bit(Level::avx2)) == Level::avx2);
}

TEST_CASE("scalar is always there", "[unit]") {
  CHECK(is_compiled(Level::scalar));
  CHECK(is_usable(Level::scalar));
}

TEST_CASE("usable levels have no gaps", "[unit]") {
  for (int i = 1; i < kLevelCount; ++i) {
    if (is_usable(static_cast<Level>(i))) CHECK(is_usable(static_cast<Level>(i - 1)));
  }
}

// The build runs this one again under each value of GLISSADE_SIMD; the variable is read once per process.
TEST_CASE("GLISSADE_SIMD is a ceiling", "[ceiling]") {
  const char* text = std::getenv("GLISSADE_SIMD");
  const Ceiling ceiling = environment_ceiling();
  if (text == nullptr || *text == '\0') {
    CHECK(ceiling.status == Ceiling::Status::unset);
    return;
  }
  CHECK(ceiling.text == text);
  Level named = Level::amx;
  const bool is_level = parse_level(text, named);
  CHECK((ceiling.status == Ceiling::Status::known) == is_level);
  CHECK((ceiling.status == Ceiling::Status::unknown) == !is_level);
  CHECK(active_level() <= named);
  if (is_level && is_compiled(named) && is_usable(named)) CHECK(active_level() == named);
}

}  // namespace glissade::simd
