#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

using Halves = std::vector<std::uint16_t>;

/// Every upper half there is, with lower halves around the ties: all exponents, subnormals, infinities, NaNs, both signs.
std::vector<float> all_kinds() {
  std::vector<float> values;
  for (std::uint32_t upper = 0; upper < 0x10000u; ++upper) {
    for (const std::uint32_t lower : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      values.push_back(std::bit_cast<float>(upper << 16 | lower));
    }
  }
  return values;
}

std::vector<float> any_bits(Random& random, std::size_t n) {
  std::vector<float> values(n);
  for (float& value : values) value = std::bit_cast<float>(random.word());
  return values;
}

/// Runs `narrow` (x, y, n) at every length and placement, and on all kinds of values, and wants scalar's bits.
template <class Narrow>
void check_narrow(const Narrow& narrow, const Narrow& definition) {
  Random random(31);
  const auto check = [&](const std::vector<float>& x, Placement placement) {
    Halves expected(x.size());
    definition(x.data(), expected.data(), x.size());
    Guarded<float> guarded_x(x, placement);
    Guarded<std::uint16_t> y(x.size(), placement);
    narrow(guarded_x.data(), y.data(), x.size());
    INFO("n " << x.size());
    REQUIRE(y.intact());
    REQUIRE(same_bits(y.values(), expected));
  };
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) check(any_bits(random, n), placement);
  }
  check(all_kinds(), {true, 0});
}

}  // namespace

void check_narrow_nearest(const Kernels& level) { check_narrow(level.narrow_nearest, scalar_kernels().narrow_nearest); }

void check_narrow_stochastic(const Kernels& level) {
  struct Seeded {
    const Kernels* table;
    std::uint64_t seed;
    void operator()(const float* x, std::uint16_t* y, std::size_t n) const { table->narrow_stochastic(x, y, n, seed); }
  };
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    check_narrow(Seeded{&level, seed}, Seeded{&scalar_kernels(), seed});
  }
}

void check_scale_narrow(const Kernels& level) {
  Random random(35);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      const std::vector<float> x = any_bits(random, n);
      Halves expected(n);
      for (std::size_t i = 0; i < n; ++i) {
        const float scaled = 0.37f * x[i];
        scalar_kernels().narrow_nearest(&scaled, &expected[i], 1);
      }
      Guarded<float> guarded_x(x, placement);
      Guarded<std::uint16_t> y(n, placement);
      level.scale_narrow(0.37f, guarded_x.data(), y.data(), n);
      INFO("n " << n);
      REQUIRE(y.intact());
      REQUIRE(same_bits(y.values(), expected));
      // In place: the halves end up in the first half of the floats' memory.
      auto* const front = reinterpret_cast<std::uint16_t*>(guarded_x.data());
      level.scale_narrow(0.37f, guarded_x.data(), front, n);
      Halves in_place(n);
      if (n != 0) std::memcpy(in_place.data(), front, n * sizeof(std::uint16_t));
      REQUIRE(guarded_x.intact());
      REQUIRE(same_bits(in_place, expected));
    }
  }
}

void check_scale_f16(const Kernels& level) {
  Random random(37);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      const std::vector<float> x = random.floats(n, -3.0f, 3.0f);
      Halves expected(n);
      scalar_kernels().scale_f16(0.37f, x.data(), expected.data(), n);
      Guarded<float> guarded_x(x, placement);
      Guarded<std::uint16_t> y(n, placement);
      level.scale_f16(0.37f, guarded_x.data(), y.data(), n);
      INFO("n " << n);
      REQUIRE(y.intact());
      REQUIRE(same_bits(y.values(), expected));
      auto* const front = reinterpret_cast<std::uint16_t*>(guarded_x.data());
      level.scale_f16(0.37f, guarded_x.data(), front, n);
      Halves in_place(n);
      if (n != 0) std::memcpy(in_place.data(), front, n * sizeof(std::uint16_t));
      REQUIRE(guarded_x.intact());
      REQUIRE(same_bits(in_place, expected));
    }
  }
  const std::vector<float> all = all_kinds();
  Halves expected(all.size()), got(all.size());
  scalar_kernels().scale_f16(1.0f, all.data(), expected.data(), all.size());
  level.scale_f16(1.0f, all.data(), got.data(), all.size());
  REQUIRE(same_bits(got, expected));
  // What IEEE says: ties to even, the largest number, the least one, and what is beyond them.
  const std::vector<float> known = {1.0f,     -2.0f,    65504.0f,   65519.0f,   65520.0f,  0x1p-14f,
                                    0x1p-24f, 0x1p-25f, 0x1.8p-24f, 0x1.002p0f, 0x1.006p0f};
  const Halves wanted = {0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 0x0400, 0x0001, 0x0000, 0x0002, 0x3c00, 0x3c02};
  Halves halves(known.size());
  level.scale_f16(1.0f, known.data(), halves.data(), known.size());
  REQUIRE(halves == wanted);
}

void check_f16_of_bf16(const Kernels& level) {
  Random random(38);
  const auto check = [&](const Halves& x, Placement placement) {
    Halves expected(x.size());
    std::vector<float> wide(x.size());
    scalar_kernels().widen(x.data(), wide.data(), x.size());
    scalar_kernels().scale_f16(1.0f, wide.data(), expected.data(), x.size());
    std::uint16_t largest = 0;
    for (const std::uint16_t half : x) largest = std::max<std::uint16_t>(largest, half & 0x7fff);
    Guarded<std::uint16_t> guarded_x(x, placement), y(x.size(), placement);
    INFO("n " << x.size());
    REQUIRE(level.f16_of_bf16(guarded_x.data(), y.data(), x.size()) == largest);
    REQUIRE(y.intact());
    REQUIRE(same_bits(y.values(), expected));
  };
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) check(bf16_of(random.floats(n, -3.0f, 3.0f)), placement);
  }
  Halves all(0x10000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  check(all, {true, 0});
}

void check_scale_f32(const Kernels& level) {
  Random random(36);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      std::vector<float> x = random.floats(n);
      Guarded<float> guarded(x, placement);
      level.scale_f32(-1.7f, guarded.data(), n);
      for (float& value : x) value *= -1.7f;
      REQUIRE(guarded.intact());
      REQUIRE(same_bits(guarded.values(), x));
    }
  }
}

void check_widen(const Kernels& level) {
  Halves all(0x10000u);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  for (const Placement placement : kPlacements) {
    for (std::size_t n : {all.size(), std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{17}, std::size_t{63}}) {
      Guarded<std::uint16_t> x(Halves(all.end() - static_cast<std::ptrdiff_t>(n), all.end()), placement);
      Guarded<float> y(n, placement);
      level.widen(x.data(), y.data(), n);
      REQUIRE(y.intact());
      bool equal = true;
      for (std::size_t i = 0; i < n; ++i) equal = equal && std::bit_cast<std::uint32_t>(y[i]) == std::uint32_t{x[i]} << 16;
      REQUIRE(equal);
    }
  }
}

void check_split_f32(const Kernels& level) {
  Random random(32);
  const auto check = [&](const std::vector<float>& w, Placement placement) {
    Halves hi(w.size()), lo(w.size());
    scalar_kernels().split_f32(w.data(), hi.data(), lo.data(), w.size());
    Guarded<float> guarded_w(w, placement);
    Guarded<std::uint16_t> guarded_hi(w.size(), placement), guarded_lo(w.size(), placement);
    level.split_f32(guarded_w.data(), guarded_hi.data(), guarded_lo.data(), w.size());
    INFO("n " << w.size());
    REQUIRE((guarded_hi.intact() && guarded_lo.intact()));
    REQUIRE(same_bits(guarded_hi.values(), hi));
    REQUIRE(same_bits(guarded_lo.values(), lo));
  };
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) check(any_bits(random, n), placement);
  }
  check(all_kinds(), {true, 0});
}

void check_join_f32(const Kernels& level) {
  Random random(33);
  const auto check = [&](const std::vector<float>& w, Placement placement) {
    Halves hi(w.size()), lo(w.size());
    scalar_kernels().split_f32(w.data(), hi.data(), lo.data(), w.size());
    Guarded<std::uint16_t> guarded_hi(hi, placement), guarded_lo(lo, placement);
    Guarded<float> joined(w.size(), placement);
    level.join_f32(guarded_hi.data(), guarded_lo.data(), joined.data(), w.size());
    INFO("n " << w.size());
    REQUIRE(joined.intact());
    REQUIRE(same_bits(joined.values(), w));
  };
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) check(any_bits(random, n), placement);
  }
  check(all_kinds(), {true, 0});
}

TEST_CASE("narrow_nearest takes the nearest bf16, the even one of two", "[unit]") {
  for (const float x : all_kinds()) {
    std::uint16_t y = 0;
    scalar_kernels().narrow_nearest(&x, &y, 1);
    const float got = bf16_value(y);
    if (std::isnan(x)) {
      if (!std::isnan(got)) FAIL("NaN became " << got);
      continue;
    }
    // bf16 values below and above x in magnitude; the one past the largest stands for infinity, as rounding has it.
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x) & 0x7fffffffu;
    const auto magnitude = [](std::uint32_t half) {
      return half == 0x7f80u ? 0x1p128 : double{bf16_value(static_cast<std::uint16_t>(half))};
    };
    const std::uint32_t below = bits >> 16, above = (bits & 0xffffu) == 0 ? below : below + 1;
    const double value = bits == 0x7f800000u ? 0x1p128 : double{std::abs(x)};
    const double down = value - magnitude(below), up = magnitude(above) - value;
    const std::uint32_t wanted = down < up ? below : up < down ? above : below % 2 == 0 ? below : above;
    if ((y & 0x7fffu) != wanted || std::signbit(got) != std::signbit(x))
      FAIL("bits " << std::bit_cast<std::uint32_t>(x) << ", got " << y);
  }
}

TEST_CASE("the high half of a split is a nearest bf16", "[unit]") {
  Random random(34);
  for (const float w : random.floats(1000, -3.0f, 3.0f)) {
    std::uint16_t hi = 0, lo = 0, nearest = 0;
    scalar_kernels().split_f32(&w, &hi, &lo, 1);
    scalar_kernels().narrow_nearest(&w, &nearest, 1);
    REQUIRE(std::abs(bf16_value(hi) - w) == std::abs(bf16_value(nearest) - w));
  }
}

TEST_CASE("narrow_stochastic rounds up as often as the part cut off says", "[property]") {
  constexpr std::size_t kDraws = 1 << 16;
  for (const std::uint32_t cut : {0x0000u, 0x0001u, 0x2000u, 0x8000u, 0xf000u, 0xffffu}) {
    const float x = std::bit_cast<float>(0x3f800000u | cut);
    const std::vector<float> xs(kDraws, x);
    Halves y(kDraws);
    scalar_kernels().narrow_stochastic(xs.data(), y.data(), kDraws, 77);
    const auto ups = std::count(y.begin(), y.end(), std::uint16_t{0x3f81});
    REQUIRE(ups + std::count(y.begin(), y.end(), std::uint16_t{0x3f80}) == kDraws);
    const double p = cut / 65536.0;
    const double sigma = std::sqrt(kDraws * p * (1 - p));
    INFO("cut " << cut << ", rounded up " << ups);
    CHECK(std::abs(static_cast<double>(ups) - kDraws * p) <= 4 * sigma);
  }
}

TEST_CASE("neighbouring seeds of narrow_stochastic give unrelated draws", "[property]") {
  constexpr std::size_t kDraws = 1 << 14;
  const std::vector<float> xs(kDraws, std::bit_cast<float>(0x3f808000u));
  Halves a(kDraws), b(kDraws);
  scalar_kernels().narrow_stochastic(xs.data(), a.data(), kDraws, 5);
  scalar_kernels().narrow_stochastic(xs.data(), b.data(), kDraws, 6);
  for (const std::size_t shift : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    double equal = 0;
    for (std::size_t i = shift; i < kDraws; ++i) equal += a[i] == b[i - shift];
    CHECK(std::abs(equal - kDraws / 2.0) < 4 * std::sqrt(kDraws / 4.0));
  }
}

}  // namespace glissade::simd::test
