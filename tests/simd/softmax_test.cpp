#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

double exact_logsumexp(const std::vector<float>& z) {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0.0;
  for (const float value : z) largest = std::max(largest, double{value});
  if (std::isinf(largest)) return largest;
  for (const float value : z) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

double exact_exp(float value, float shift) { return std::exp(double{value - shift}); }  // the shifted value is a float

double exact_sigmoid(float value) {
  const double e = std::exp(-std::abs(double{value}));
  return (value < 0 ? e : 1.0) / (1.0 + e);
}
double exact_softplus(float value) { return std::max(double{value}, 0.0) + std::log1p(std::exp(-std::abs(double{value}))); }

void check_sum(const Kernels& level, const std::vector<float>& z, Placement placement, double exact) {
  Guarded<float> guarded(z, placement);
  const float got = level.logsumexp_f32(guarded.data(), z.size());
  INFO("n " << z.size() << ", got " << got << ", exact " << exact);
  REQUIRE(guarded.intact());
  REQUIRE(within(got, exact, logsumexp_budget(exact)));
}

void check_exponentials(const Kernels& level, const std::vector<float>& z, float shift, Placement placement) {
  Guarded<float> guarded(z, placement);
  level.exp_shift_f32(guarded.data(), z.size(), shift);
  REQUIRE(guarded.intact());
  for (std::size_t i = 0; i < z.size(); ++i) {
    double exact = exact_exp(z[i], shift);
    if (exact > FLT_MAX) exact = kInf;
    if (!within(guarded[i], exact, exp_budget(exact))) {
      FAIL("exp(" << z[i] << " - " << shift << "): got " << guarded[i] << ", exact " << exact);
    }
  }
}

void check_sigmoids(const Kernels& level, const std::vector<float>& z, Placement placement) {
  Guarded<float> guarded(z, placement);
  const float softplus = level.sigmoid_f32(guarded.data(), z.size());
  REQUIRE(guarded.intact());
  double sum = 0.0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    sum += exact_softplus(z[i]);
    const double exact = std::isnan(z[i]) ? double{kNan} : exact_sigmoid(z[i]);
    if (!within(guarded[i], exact, sigmoid_budget(exact)))
      FAIL("sigmoid(" << z[i] << "): got " << guarded[i] << ", exact " << exact);
  }
  INFO("n " << z.size() << ", softplus sum " << softplus << ", exact " << sum);
  REQUIRE(within(softplus, sum, softplus_budget(sum)));
}

/// Floats spread evenly over the range, one for each of `n` steps.
std::vector<float> ramp(float low, float high, std::size_t n) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = low + (high - low) * static_cast<float>(i) / static_cast<float>(n);
  return values;
}

}  // namespace

void check_logsumexp_f32(const Kernels& level) {
  Random random(51);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      for (const float scale : {1.0f, 20.0f, 1000.0f}) {
        const std::vector<float> z = random.floats(n, -scale, scale);
        check_sum(level, z, placement, exact_logsumexp(z));
      }
      check_sum(level, std::vector<float>(n, -kInf), placement, -double{kInf});
      check_sum(level, std::vector<float>(n, -3e38f), placement, n == 0 ? -double{kInf} : double{-3e38f});
      for (std::size_t at = 0; at < n; at += 13) {
        std::vector<float> z(n, -kInf);
        z[at] = -7.5f;
        check_sum(level, z, placement, -7.5);
        z[at] = kInf;
        check_sum(level, z, placement, kInf);
        z[at] = kNan;
        check_sum(level, z, placement, kNan);
      }
    }
  }
  const std::vector<float> wide = random.floats(700'001, -12.0f, 3.0f);
  check_sum(level, wide, {true, 0}, exact_logsumexp(wide));
}

void check_exp_shift_f32(const Kernels& level) {
  Random random(52);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) check_exponentials(level, random.floats(n, -30.0f, 10.0f), 4.25f, placement);
  }
  const float tiny = std::numeric_limits<float>::denorm_min();
  const std::vector<float> special = {0.0f,   -0.0f,   tiny,    -tiny,   1e-30f, 1.0f,     -1.0f,  88.0f,   88.72f,
                                      88.73f, 89.0f,   200.0f,  FLT_MAX, kInf,   -87.0f,   -87.3f, -87.34f, -88.0f,
                                      -95.0f, -103.0f, -104.0f, -150.0f, -1e4f,  -FLT_MAX, -kInf,  kNan};
  for (const Placement placement : kPlacements) check_exponentials(level, special, 0.0f, placement);
  check_exponentials(level, ramp(-90.0f, 90.0f, 100'000), 0.0f, {true, 0});
  check_exponentials(level, ramp(-1.0f, 1.0f, 100'000), 0.0f, {true, 0});
}

void check_exp_sum_f32(const Kernels& level) {
  Random random(54);
  const auto check = [&](const std::vector<float>& z, Placement placement, float shift) {
    Guarded<float> guarded(z, placement);
    float got_shift = kNan;
    const float sum = level.exp_sum_f32(guarded.data(), z.size(), &got_shift);
    INFO("n " << z.size());
    REQUIRE(guarded.intact());
    REQUIRE(got_shift == shift);
    double exact_sum = 0.0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double exact = exact_exp(z[i], shift);
      exact_sum += exact;
      if (!within(guarded[i], exact, exp_budget(exact))) FAIL("element " << i << ": got " << guarded[i] << ", exact " << exact);
    }
    REQUIRE(within(sum, exact_sum, softplus_budget(exact_sum) + static_cast<double>(z.size()) * kFlush));
  };
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      for (const float scale : {1.0f, 20.0f, 1000.0f}) {
        const std::vector<float> z = random.floats(n, -scale, scale);
        check(z, placement, n == 0 ? 0.0f : *std::max_element(z.begin(), z.end()));
      }
      check(std::vector<float>(n, -kInf), placement, 0.0f);
      if (n == 0) continue;
      std::vector<float> z(n, -3.0f);
      z[n / 2] = kNan;
      check(z, placement, n == 1 ? 0.0f : -3.0f);
      z[n / 2] = kInf;
      check(z, placement, 0.0f);
    }
  }
  const std::vector<float> wide = random.floats(700'001, -12.0f, 3.0f);
  check(wide, {true, 0}, *std::max_element(wide.begin(), wide.end()));
}

void check_sigmoid_f32(const Kernels& level) {
  Random random(53);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      check_sigmoids(level, random.floats(n, -8.0f, 8.0f), placement);
      check_sigmoids(level, random.floats(n, -30.0f, -5.0f), placement);
    }
  }
  check_sigmoids(level, {0.0f, -0.0f, 1e-30f, 20.0f, -20.0f, 80.0f, -80.0f, -86.0f, -88.0f, -100.0f, -1e30f, -kInf}, {true, 0});
  check_sigmoids(level, {100.0f, kInf}, {true, 0});
  check_sigmoids(level, {1.0f, kNan, -1.0f}, {true, 0});
  check_sigmoids(level, ramp(-90.0f, 90.0f, 100'000), {true, 0});
  check_sigmoids(level, std::vector<float>(100'003, -11.7f), {true, 0});
}

TEST_CASE("what is below the smallest normal float comes out of exp as 0", "[simd]") {
  for (int i = 0; i < kLevelCount; ++i) {
    const auto level = static_cast<Level>(i);
    if (!is_compiled(level) || !is_usable(level)) continue;
    std::vector<float> z = ramp(-120.0f, -80.0f, 4001);
    kernels_of(level).exp_shift_f32(z.data(), z.size(), 0.0f);
    INFO(level_name(level));
    CHECK(std::none_of(z.begin(), z.end(), [](float e) { return std::fpclassify(e) == FP_SUBNORMAL; }));
  }
}

}  // namespace glissade::simd::test
