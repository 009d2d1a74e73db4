#include <algorithm>
#include <functional>
#include <limits>

#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

constexpr std::uint32_t kFeatures = 301;

/// Rows of every length from 0 on, one after another.
struct SparseRows {
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::uint32_t> ids;
  std::vector<std::uint16_t> values;

  void add(std::size_t length, Random& random) {
    const std::vector<std::uint32_t> more = random.ids(length, kFeatures);
    const std::vector<std::uint16_t> weights = bf16_of(random.floats(length, -2.0f, 2.0f));
    ids.insert(ids.end(), more.begin(), more.end());
    values.insert(values.end(), weights.begin(), weights.end());
    offsets.push_back(ids.size());
  }
};

}  // namespace

void check_sparse_dots(const Kernels& level) {
  Random random(71);
  SparseRows rows;
  for (const std::size_t length : {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 75, 237, 0, 3}) rows.add(length, random);
  const auto row_count = static_cast<std::uint32_t>(rows.offsets.size() - 1);
  const std::vector<float> x = random.floats(kFeatures, -2.0f, 2.0f);
  for (const Placement placement : kPlacements) {
    for (const std::size_t count : {0, 1, 2, 6, 7, 40}) {
      const std::vector<std::uint32_t> chosen = random.ids(count, row_count);
      Guarded<float> guarded_x(x, placement), out(count, placement);
      Guarded<std::uint32_t> ids(rows.ids, placement), guarded_chosen(chosen, placement);
      Guarded<std::uint16_t> values(rows.values, placement);
      Guarded<std::uint64_t> offsets(rows.offsets, placement);
      level.sparse_dots(guarded_x.data(), ids.data(), values.data(), offsets.data(), guarded_chosen.data(), count, out.data());
      REQUIRE(out.intact());
      for (std::size_t i = 0; i < count; ++i) {
        double exact = 0, magnitude = 0;
        const std::uint64_t begin = rows.offsets[chosen[i]], end = rows.offsets[chosen[i] + 1];
        for (std::uint64_t j = begin; j < end; ++j) {
          const double product = double{x[rows.ids[j]]} * double{bf16_value(rows.values[j])};
          exact += product;
          magnitude += std::abs(product);
        }
        if (!within(out[i], exact, block_budget(end - begin, magnitude))) {
          FAIL("row " << chosen[i] << " of " << end - begin << " entries, got " << out[i] << ", exact " << exact);
        }
      }
    }
  }
}

namespace {

constexpr std::size_t kConnectedRows = 23;

/// `run` calls the kernel, `weight` says what number it reads as a weight.
template <class T, class Run, class Weight>
void check_connected(const std::function<std::vector<T>(const std::vector<float>&)>& stored, const Run& run,
                     const Weight& weight) {
  Random random(73);
  const std::vector<float> x = random.floats(kFeatures, -2.0f, 2.0f);
  for (const Placement placement : kPlacements) {
    for (const std::size_t fan_in : {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 75, 128}) {
      for (const std::size_t count : {0, 1, 2, 6, 7, 40}) {
        const std::size_t pitch = fan_in + 3;
        const std::vector<std::uint32_t> wide = random.ids(kConnectedRows * fan_in, kFeatures);
        const std::vector<std::uint32_t> chosen = random.ids(count, kConnectedRows);
        const std::vector<std::uint16_t> columns(wide.begin(), wide.end());
        const std::vector<T> weights = stored(random.floats((kConnectedRows - 1) * pitch + fan_in, -2.0f, 2.0f));
        Guarded<float> guarded_x(x, placement), out(count, placement);
        Guarded<T> rows(weights, placement);
        Guarded<std::uint32_t> ids(chosen, placement);
        Guarded<std::uint16_t> guarded_columns(columns, placement);
        run(guarded_x.data(), rows.data(), pitch, guarded_columns.data(), fan_in, ids.data(), count, out.data());
        REQUIRE(out.intact());
        for (std::size_t i = 0; i < count; ++i) {
          double exact = 0, magnitude = 0;
          for (std::size_t d = 0; d < fan_in; ++d) {
            const double product = double{x[columns[chosen[i] * fan_in + d]]} * double{weight(weights[chosen[i] * pitch + d])};
            exact += product;
            magnitude += std::abs(product);
          }
          CAPTURE(fan_in, count, i);
          REQUIRE(within(out[i], exact, block_budget(fan_in, magnitude)));
        }
      }
    }
  }
}

}  // namespace

void check_connected_dots_f32(const Kernels& level) {
  check_connected<float>([](const std::vector<float>& values) { return values; }, level.connected_dots_f32,
                         [](float value) { return value; });
}

void check_connected_dots_bf16(const Kernels& level) {
  check_connected<std::uint16_t>([](const std::vector<float>& values) { return bf16_of(values); }, level.connected_dots_bf16,
                                 [](std::uint16_t half) { return bf16_value(half); });
}

void check_sparse_matches(const Kernels& level) {
  Random random(72);
  constexpr std::uint32_t kUntouched = 0xabababab;
  for (const std::size_t count : {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 75, 237}) {
    for (const double share : {0.0, 0.05, 0.5, 1.0}) {
      std::vector<float> x = random.floats(kFeatures, -2.0f, 2.0f);
      for (float& value : x) {
        if (random.floats(1, 0.f, 1.f)[0] >= static_cast<float>(share)) value = 0.f;
      }
      x[3] = -0.f;
      x[5] = std::numeric_limits<float>::denorm_min();
      x[7] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<std::uint32_t> ids = random.ids(count, kFeatures);
      std::vector<std::uint32_t> wanted;
      for (std::size_t j = 0; j < count; ++j) {
        if (x[ids[j]] != 0.f) wanted.push_back(static_cast<std::uint32_t>(j));
      }
      for (const Placement placement : kPlacements) {
        Guarded<float> guarded_x(x, placement);
        Guarded<std::uint32_t> guarded_ids(ids, placement),
            places(std::vector<std::uint32_t>(count + kMatchRoom, kUntouched), placement);
        const std::size_t found = level.sparse_matches(guarded_x.data(), guarded_ids.data(), count, places.data());
        REQUIRE(places.intact());
        REQUIRE(found == wanted.size());
        CHECK(std::equal(wanted.begin(), wanted.end(), places.data()));
      }
    }
  }
}

}  // namespace glissade::simd::test
