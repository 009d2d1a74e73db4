#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

constexpr AdamStep kAdams[] = {
    {0.9f, 0.1f, 0.999f, 0.001f, 1e-3f, 1.0f, 1e-8f, 1.0f},
    {0.59049f, 0.1f, 0.995f, 0.001f, 0.02f, 3.1f, 1e-6f, 0.9999f},
};
// Only for rows whose second moments are all above 0; what lies past the end of a row must not divide 0 by 0 into the sum.
constexpr AdamStep kNoEpsilon = {0.9f, 0.1f, 0.999f, 0.001f, 1e-3f, 1.0f, 0.0f, 1.0f};
constexpr MomentumStep kMomentums[] = {{0.9f, 1.0f, 0.1f, 1.0f}, {0.59049f, 0.1f, 0.03f, 0.999f}};
constexpr SgdStep kSgds[] = {{0.1f, 1.0f}, {0.03f, 0.999f}};

/// A row and its gradient; some elements never saw a gradient (m = v = g = 0).
struct Row {
  std::vector<float> w, m, v, g;
  Row(Random& random, std::size_t n)
      : w(random.floats(n, -0.5f, 0.5f)),
        m(random.floats(n, -0.1f, 0.1f)),
        v(random.floats(n, 0.0f, 0.01f)),
        g(random.floats(n)) {
    for (std::size_t i = 3; i < n; i += 7) m[i] = v[i] = g[i] = 0.0f;
  }
};

double squared_change(const std::vector<float>& before, const std::vector<float>& after) {
  double sum = 0.0;
  for (std::size_t i = 0; i < before.size(); ++i) sum += std::pow(double{after[i]} - double{before[i]}, 2);
  return sum;
}

/// Calls check(row, placement) for every length and placement.
template <class Check>
void for_rows(std::uint64_t seed, const Check& check) {
  Random random(seed);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      INFO("n " << n);
      check(Row(random, n), placement);
    }
  }
}

/// The same for each Adam step that suits the row.
template <class Check>
void for_adams(std::uint64_t seed, const Check& check) {
  for (const AdamStep& step : kAdams) {
    for_rows(seed, [&](const Row& row, Placement placement) { check(row, step, placement); });
  }
  for_rows(seed, [&](Row row, Placement placement) {
    for (float& v : row.v) v += 0.001f;
    check(row, kNoEpsilon, placement);
  });
}

/// A row whose weights are split, in guarded memory.
struct SplitRow {
  Guarded<std::uint16_t> hi, lo;
  SplitRow(const std::vector<float>& w, Placement placement) : hi(w.size(), placement), lo(w.size(), placement) {
    scalar_kernels().split_f32(w.data(), hi.data(), lo.data(), w.size());
  }
  std::vector<float> joined(std::size_t n) {
    std::vector<float> w(n);
    scalar_kernels().join_f32(hi.data(), lo.data(), w.data(), n);
    return w;
  }
  bool intact() const { return hi.intact() && lo.intact(); }
};

}  // namespace

void check_adam_f32(const Kernels& level) {
  for_adams(41, [&](const Row& row, const AdamStep& step, Placement placement) {
    const std::size_t n = row.w.size();
    Row expected = row;
    scalar_kernels().adam_f32(expected.w.data(), expected.m.data(), expected.v.data(), row.g.data(), n, &step);
    Guarded<float> w(row.w, placement), m(row.m, placement), v(row.v, placement), g(row.g, placement);
    const float change = level.adam_f32(w.data(), m.data(), v.data(), g.data(), n, &step);
    REQUIRE((w.intact() && m.intact() && v.intact() && g.intact()));
    REQUIRE(same_bits(w.values(), expected.w));
    REQUIRE(same_bits(m.values(), expected.m));
    REQUIRE(same_bits(v.values(), expected.v));
    const double exact = squared_change(row.w, expected.w);
    REQUIRE(within(change, exact, change_budget(n, exact)));
  });
}

void check_adam_split(const Kernels& level) {
  for_adams(42, [&](const Row& row, const AdamStep& step, Placement placement) {
    const std::size_t n = row.w.size();
    Row expected = row;
    scalar_kernels().adam_f32(expected.w.data(), expected.m.data(), expected.v.data(), row.g.data(), n, &step);
    SplitRow w(row.w, placement);
    Guarded<float> m(row.m, placement), v(row.v, placement), g(row.g, placement);
    const float change = level.adam_split(w.hi.data(), w.lo.data(), m.data(), v.data(), g.data(), n, &step);
    REQUIRE((w.intact() && m.intact() && v.intact() && g.intact()));
    REQUIRE(same_bits(w.joined(n), expected.w));
    REQUIRE(same_bits(m.values(), expected.m));
    REQUIRE(same_bits(v.values(), expected.v));
    const double exact = squared_change(row.w, expected.w);
    REQUIRE(within(change, exact, change_budget(n, exact)));
  });
}

void check_momentum_f32(const Kernels& level) {
  for (const MomentumStep& step : kMomentums) {
    for_rows(45, [&](const Row& row, Placement placement) {
      const std::size_t n = row.w.size();
      Row expected = row;
      scalar_kernels().momentum_f32(expected.w.data(), expected.m.data(), row.g.data(), n, &step);
      Guarded<float> w(row.w, placement), m(row.m, placement), g(row.g, placement);
      const float change = level.momentum_f32(w.data(), m.data(), g.data(), n, &step);
      REQUIRE((w.intact() && m.intact() && g.intact()));
      REQUIRE(same_bits(w.values(), expected.w));
      REQUIRE(same_bits(m.values(), expected.m));
      const double exact = squared_change(row.w, expected.w);
      REQUIRE(within(change, exact, change_budget(n, exact)));
    });
  }
}

void check_momentum_split(const Kernels& level) {
  for (const MomentumStep& step : kMomentums) {
    for_rows(46, [&](const Row& row, Placement placement) {
      const std::size_t n = row.w.size();
      Row expected = row;
      scalar_kernels().momentum_f32(expected.w.data(), expected.m.data(), row.g.data(), n, &step);
      SplitRow w(row.w, placement);
      Guarded<float> m(row.m, placement), g(row.g, placement);
      const float change = level.momentum_split(w.hi.data(), w.lo.data(), m.data(), g.data(), n, &step);
      REQUIRE((w.intact() && m.intact() && g.intact()));
      REQUIRE(same_bits(w.joined(n), expected.w));
      REQUIRE(same_bits(m.values(), expected.m));
      const double exact = squared_change(row.w, expected.w);
      REQUIRE(within(change, exact, change_budget(n, exact)));
    });
  }
}

void check_sgd_f32(const Kernels& level) {
  for (const SgdStep& step : kSgds) {
    for_rows(43, [&](const Row& row, Placement placement) {
      const std::size_t n = row.w.size();
      std::vector<float> expected = row.w;
      scalar_kernels().sgd_f32(expected.data(), row.g.data(), n, &step);
      Guarded<float> w(row.w, placement), g(row.g, placement);
      const float change = level.sgd_f32(w.data(), g.data(), n, &step);
      REQUIRE((w.intact() && g.intact()));
      REQUIRE(same_bits(w.values(), expected));
      const double exact = squared_change(row.w, expected);
      REQUIRE(within(change, exact, change_budget(n, exact)));
    });
  }
}

void check_sgd_split(const Kernels& level) {
  for (const SgdStep& step : kSgds) {
    for_rows(44, [&](const Row& row, Placement placement) {
      const std::size_t n = row.w.size();
      std::vector<float> expected = row.w;
      scalar_kernels().sgd_f32(expected.data(), row.g.data(), n, &step);
      SplitRow w(row.w, placement);
      Guarded<float> g(row.g, placement);
      const float change = level.sgd_split(w.hi.data(), w.lo.data(), g.data(), n, &step);
      REQUIRE((w.intact() && g.intact()));
      REQUIRE(same_bits(w.joined(n), expected));
      const double exact = squared_change(row.w, expected);
      REQUIRE(within(change, exact, change_budget(n, exact)));
    });
  }
}

void check_sum_squares_f32(const Kernels& level) {
  Random random(47);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      INFO("n " << n);
      const std::vector<float> values = random.floats(n);
      const float expected = scalar_kernels().sum_squares_f32(values.data(), n);
      Guarded<float> x(values, placement);
      REQUIRE(same_bits({level.sum_squares_f32(x.data(), n)}, std::vector<float>{expected}));
      REQUIRE(x.intact());
      const double exact = squared_change(std::vector<float>(n), values);
      REQUIRE(within(expected, exact, change_budget(n, exact)));
    }
  }
}

TEST_CASE("adam_f32 follows the textbook", "[unit]") {
  // Three steps with bias correction in double, against the folded factors of AdamStep.
  constexpr double kLr = 0.01, kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;
  double w = 0.5, m = 0.0, v = 0.0;
  float row[3] = {0.5f, 0.0f, 0.0f};
  for (int t = 1; t <= 3; ++t) {
    const double g = 0.3 * t - 0.5;
    m = kBeta1 * m + (1 - kBeta1) * g;
    v = kBeta2 * v + (1 - kBeta2) * g * g;
    const double c1 = 1 - std::pow(kBeta1, t), c2 = 1 - std::pow(kBeta2, t);
    w -= kLr * (m / c1) / (std::sqrt(v / c2) + kEpsilon);
    const AdamStep step{0.9f,  0.1f, 0.999f, 0.001f, static_cast<float>(kLr / c1), static_cast<float>(1 / std::sqrt(c2)),
                        1e-8f, 1.0f};
    const auto gradient = static_cast<float>(g);
    scalar_kernels().adam_f32(&row[0], &row[1], &row[2], &gradient, 1, &step);
  }
  CHECK(within(row[0], w, 1e-6));
  CHECK(within(row[1], m, 1e-6));
  CHECK(within(row[2], v, 1e-7));
}

}  // namespace glissade::simd::test
