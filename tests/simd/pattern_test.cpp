#include <algorithm>
#include <numeric>

#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

constexpr std::size_t kInputs = 301;

/// A pattern of `count` inputs, which differ, for `rows` rows and `samples` samples. The strides are larger than what they hold,
/// and what lies between must be let alone.
struct Pattern {
  std::size_t rows, count, samples;
  std::size_t w_stride, x_stride, g_stride;
  std::vector<std::uint16_t> ids;
  std::vector<float> w, x, g, start;

  Pattern(std::size_t row_count, std::size_t fan_in, std::size_t sample_count, Random& random)
      : rows(row_count),
        count(fan_in),
        samples(sample_count),
        w_stride(fan_in + 3),
        x_stride(sample_count + 5),
        g_stride(sample_count + 1) {
    std::vector<std::uint16_t> all(kInputs);
    std::iota(all.begin(), all.end(), std::uint16_t{0});
    for (std::size_t d = 0; d < count; ++d) std::swap(all[d], all[d + random.below(static_cast<std::uint32_t>(kInputs - d))]);
    ids.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    w = random.floats(extent(rows, w_stride, count), -2.0f, 2.0f);
    x = random.floats(extent(kInputs, x_stride, samples), -2.0f, 2.0f);
    g = random.floats(extent(rows, g_stride, samples), -2.0f, 2.0f);
    start = random.floats(rows, -2.0f, 2.0f);
  }

  /// Numbers from the first of the first row to the last of the last.
  static std::size_t extent(std::size_t row_count, std::size_t stride, std::size_t width) {
    return row_count == 0 ? 0 : (row_count - 1) * stride + width;
  }
  double weight(std::size_t r, std::size_t d) const { return w[r * w_stride + d]; }
  double input(std::size_t d, std::size_t s) const { return x[ids[d] * x_stride + s]; }
  double gradient(std::size_t r, std::size_t s) const { return g[r * g_stride + s]; }
};

/// A sum in double, and that of its terms' magnitudes.
struct Exact {
  double sum = 0, magnitude = 0;
  void add(double term) {
    sum += term;
    magnitude += std::abs(term);
  }
};

template <class Check>
void for_patterns(std::uint64_t seed, const Check& check) {
  Random random(seed);
  for (const std::size_t rows : {0, 1, 2, 5, 6, 7, 11, 12, 13, 16, 29, 32, 33, 40}) {
    for (const std::size_t count : {0, 1, 2, 3, 6, 7, 13, 64, 65, 130}) {
      for (const std::size_t samples : {0, 16, 32, 48, 64, 80, 272}) {
        if (rows * count * samples > 200'000) continue;
        const Pattern pattern(rows, count, samples, random);
        for (const Placement placement : kPlacements) check(pattern, placement);
      }
    }
  }
}

}  // namespace

void check_pattern_logits_f32(const Kernels& level) {
  for_patterns(81, [&](const Pattern& p, Placement placement) {
    const std::size_t out_stride = p.samples + 2;
    constexpr float kUntouched = 77.f;
    const std::vector<float> before(Pattern::extent(p.rows, out_stride, p.samples), kUntouched);
    Guarded<float> w(p.w, placement), x(p.x, placement), start(p.start, placement), out(before, placement);
    Guarded<std::uint16_t> ids(p.ids, placement);
    level.pattern_logits_f32(w.data(), p.w_stride, p.rows, ids.data(), p.count, x.data(), p.x_stride, p.samples, start.data(),
                             out.data(), out_stride);
    REQUIRE(out.intact());
    for (std::size_t i = 0; i < before.size(); ++i) {
      const std::size_t r = i / out_stride, s = i % out_stride;
      if (s >= p.samples) {
        REQUIRE(out[i] == kUntouched);
        continue;
      }
      Exact exact;
      exact.add(p.start[r]);
      for (std::size_t d = 0; d < p.count; ++d) exact.add(p.weight(r, d) * p.input(d, s));
      if (!within(out[i], exact.sum, block_budget(p.count, exact.magnitude)))
        FAIL(p.rows << " rows, " << p.count << " inputs, row " << r << ", sample " << s << ": " << out[i] << ", exact "
                    << exact.sum);
    }
  });
}

void check_pattern_inputs_f32(const Kernels& level) {
  for_patterns(82, [&](const Pattern& p, Placement placement) {
    Guarded<float> w(p.w, placement), g(p.g, placement), dx(p.x, placement);
    Guarded<std::uint16_t> ids(p.ids, placement);
    level.pattern_inputs_f32(w.data(), p.w_stride, p.rows, ids.data(), p.count, g.data(), p.g_stride, p.samples, dx.data(),
                             p.x_stride);
    REQUIRE(dx.intact());
    std::vector<float> others = dx.values();
    for (std::size_t d = 0; d < p.count; ++d) {
      for (std::size_t s = 0; s < p.samples; ++s) {
        const std::size_t at = p.ids[d] * p.x_stride + s;
        Exact exact;
        exact.add(p.x[at]);
        for (std::size_t r = 0; r < p.rows; ++r) exact.add(p.weight(r, d) * p.gradient(r, s));
        if (!within(dx[at], exact.sum, block_budget(p.rows, exact.magnitude)))
          FAIL(p.rows << " rows, " << p.count << " inputs, input " << d << ", sample " << s << ": " << dx[at] << ", exact "
                      << exact.sum);
        others[at] = p.x[at];
      }
    }
    REQUIRE(same_bits(others, p.x));
  });
}

void check_pattern_weights_f32(const Kernels& level) {
  for_patterns(83, [&](const Pattern& p, Placement placement) {
    const std::size_t stride = p.count + 2;
    constexpr float kUntouched = 77.f;
    const std::vector<float> before(Pattern::extent(p.rows, stride, p.count), kUntouched);
    Guarded<float> g(p.g, placement), x(p.x, placement), dw(before, placement);
    Guarded<std::uint16_t> ids(p.ids, placement);
    level.pattern_weights_f32(g.data(), p.g_stride, p.rows, ids.data(), p.count, x.data(), p.x_stride, p.samples, dw.data(),
                              stride);
    REQUIRE(dw.intact());
    for (std::size_t i = 0; i < before.size(); ++i) {
      const std::size_t r = i / stride, d = i % stride;
      if (d >= p.count) {
        REQUIRE(dw[i] == kUntouched);
        continue;
      }
      Exact exact;
      for (std::size_t s = 0; s < p.samples; ++s) exact.add(p.gradient(r, s) * p.input(d, s));
      if (!within(dw[i], exact.sum, block_budget(p.samples, exact.magnitude)))
        FAIL(p.rows << " rows, " << p.count << " inputs, row " << r << ", input " << d << ": " << dw[i] << ", exact "
                    << exact.sum);
    }
  });
}

void check_pattern_panels_bf16(const Kernels& level) {
  for_patterns(84, [&](const Pattern& p, Placement placement) {
    if (p.count % 2 != 0 || p.rows != 1) return;
    const std::size_t panel_stride = p.count * kPanelColumns + 6, panels = p.samples / kPanelColumns;
    constexpr std::uint16_t kUntouched = 0x1234;
    const std::vector<std::uint16_t> before(Pattern::extent(panels, panel_stride, p.count * kPanelColumns), kUntouched);
    const std::vector<std::uint16_t> halves = bf16_of(p.x);
    Guarded<std::uint16_t> x(halves, placement), ids(p.ids, placement), out(before, placement);
    level.pattern_panels_bf16(x.data(), p.x_stride, ids.data(), p.count, p.samples, out.data(), panel_stride);
    REQUIRE(out.intact());
    std::vector<std::uint16_t> wanted = before;
    for (std::size_t d = 0; d < p.count; ++d) {
      for (std::size_t s = 0; s < p.samples; ++s)
        wanted[s / 16 * panel_stride + d / 2 * 32 + s % 16 * 2 + d % 2] = halves[p.ids[d] * p.x_stride + s];
    }
    REQUIRE(same_bits(out.values(), wanted));
  });
}

}  // namespace glissade::simd::test
