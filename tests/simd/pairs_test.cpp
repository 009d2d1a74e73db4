#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

#include <deque>

namespace glissade::simd::test {
namespace {

constexpr std::size_t kFirst[] = {0, 1, 2, 3, 5, 10};

/// Rows in pages of their own, and pointers to them.
struct Rows {
  Rows(std::size_t count, std::size_t width, Placement placement, Random& random) {
    for (std::size_t i = 0; i < count; ++i) {
      before.push_back(random.floats(width));
      guarded.emplace_back(before.back(), placement);
      pointers.push_back(guarded.back().data());
    }
  }
  bool intact() const {
    return std::all_of(guarded.begin(), guarded.end(), [](const auto& row) { return row.intact(); });
  }

  std::vector<std::vector<float>> before;
  std::deque<Guarded<float>> guarded;
  std::vector<float*> pointers;
};

/// call(m, n, width, placement) for all shapes worth a look.
template <class Call>
void for_shapes(const Call& call) {
  for (const std::size_t width : {0, 1, 7, 8, 15, 16, 17, 31, 33, 200, 257}) {
    for (const std::size_t m : kFirst) {
      for (std::size_t n = 1; n <= kPairColumns; ++n) {
        for (const Placement placement : {Placement{true, 0}, Placement{false, 1}}) call(m, n, width, placement);
      }
    }
  }
}

}  // namespace

void check_pair_dots_f32(const Kernels& level) {
  Random random(61);
  for_shapes([&](std::size_t m, std::size_t n, std::size_t width, Placement placement) {
    Rows a(m, width, placement, random), b(n, width, placement, random);
    Guarded<float> out(m * n, placement);
    level.pair_dots_f32(a.pointers.data(), m, b.pointers.data(), n, width, out.data());
    REQUIRE(out.intact());
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double exact = 0, magnitude = 0;
        for (std::size_t d = 0; d < width; ++d) {
          const double product = double{a.before[i][d]} * double{b.before[j][d]};
          exact += product;
          magnitude += std::abs(product);
        }
        if (!within(out[i * n + j], exact, dot_budget(width, magnitude))) FAIL("pair " << i << ", " << j << ", width " << width);
      }
    }
  });
}

void check_pair_update_f32(const Kernels& level) {
  Random random(62);
  for_shapes([&](std::size_t m, std::size_t n, std::size_t width, Placement placement) {
    Rows a(m, width, placement, random), b(n, width, placement, random);
    const Guarded<float> pulls(random.floats(m * n), placement);
    const std::vector<float> g = pulls.values();
    level.pair_update_f32(a.pointers.data(), m, b.pointers.data(), n, width, g.data());
    REQUIRE(a.intact());
    REQUIRE(b.intact());
    const auto check = [&](float got, double start, std::size_t terms, const auto& term) {
      double exact = start, magnitude = std::abs(start);
      for (std::size_t t = 0; t < terms; ++t) {
        exact += term(t);
        magnitude += std::abs(term(t));
      }
      if (!within(got, exact, 2 * bag_budget(terms, magnitude))) FAIL("m " << m << ", n " << n << ", width " << width);
    };
    for (std::size_t d = 0; d < width; ++d) {
      for (std::size_t i = 0; i < m; ++i)
        check(a.pointers[i][d], a.before[i][d], n, [&](std::size_t j) { return double{g[i * n + j]} * double{b.before[j][d]}; });
      for (std::size_t j = 0; j < n; ++j)
        check(b.pointers[j][d], b.before[j][d], m, [&](std::size_t i) { return double{g[i * n + j]} * double{a.before[i][d]}; });
    }
  });
  // The same row twice in the first group: the second time it is read as the first left it.
  std::vector<float> a = {1, 2}, b = {3, 4};
  float* const twice[] = {a.data(), a.data()};
  float* const once[] = {b.data()};
  const float g[] = {1, 1};
  level.pair_update_f32(twice, 2, once, 1, 2, g);
  REQUIRE(a == std::vector<float>{7, 10});
  REQUIRE(b == std::vector<float>{3 + 1 + 4, 4 + 2 + 6});
}

}  // namespace glissade::simd::test
