#include <numeric>

#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

/// By sorting everything.
std::vector<std::uint32_t> expected_indices(const std::vector<float>& z, std::size_t k) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < z.size(); ++i) {
    if (!std::isnan(z[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return z[a] > z[b]; });
  order.resize(std::min(k, order.size()));
  return order;
}

void check_case(const Kernels& level, const std::vector<float>& z, std::size_t k, Placement placement) {
  const std::vector<std::uint32_t> expected = expected_indices(z, k);
  // No more room than the answer needs.
  Guarded<float> guarded(z, placement), value(expected.size(), placement);
  Guarded<std::uint32_t> index(expected.size(), placement);
  const std::size_t found = level.topk_f32(guarded.data(), z.size(), k, index.data(), value.data());
  INFO("n " << z.size() << ", k " << k);
  REQUIRE(found == expected.size());
  REQUIRE((index.intact() && value.intact()));
  REQUIRE(index.values() == expected);
  std::vector<float> values(found);
  for (std::size_t i = 0; i < found; ++i) values[i] = z[expected[i]];
  REQUIRE(same_bits(value.values(), values));
}

std::vector<float> few_values(Random& random, std::size_t n) {
  static constexpr float kValues[] = {-kInf, -1.0f, -0.0f, 0.0f, 0.5f, 0.5f, 2.0f, kInf, kNan};
  std::vector<float> z(n);
  for (float& value : z) value = kValues[random.below(std::size(kValues))];
  return z;
}

}  // namespace

void check_topk_f32(const Kernels& level) {
  Random random(61);
  for (const std::size_t n : kLengths) {
    for (const std::size_t k : {0, 1, 2, 3, 5, 16, 31, 100, 1000}) {
      for (const Placement placement : kPlacements) {
        check_case(level, random.floats(n), k, placement);
        check_case(level, few_values(random, n), k, placement);
      }
      check_case(level, std::vector<float>(n, kNan), k, {true, 0});
      check_case(level, std::vector<float>(n, -kInf), k, {true, 0});
    }
  }
  std::vector<float> large = random.floats(100'003);
  for (const std::size_t k : {1, 5, 100, 1000}) check_case(level, large, k, {true, 0});
  std::sort(large.begin(), large.end());  // every value is a new best one
  for (const std::size_t k : {1, 5, 1000}) check_case(level, large, k, {true, 0});
  std::reverse(large.begin(), large.end());
  check_case(level, large, 1000, {true, 0});
  check_case(level, few_values(random, 50'000), 1000, {true, 0});
}

}  // namespace glissade::simd::test
