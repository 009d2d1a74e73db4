#include "engine/batches/sample_order.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/training/similar_samples.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

bool is_permutation_of(const std::vector<std::uint32_t>& order, std::size_t samples) {
  std::vector<std::uint32_t> sorted = order, all(samples);
  std::ranges::sort(sorted);
  std::iota(all.begin(), all.end(), 0u);
  return sorted == all;
}

}  // namespace

TEST_CASE("an order holds every sample once and follows its seed", "[unit]") {
  std::vector<std::uint32_t> a, b;
  shuffle(a, 1000, 3);
  shuffle(b, 1000, 3);
  REQUIRE(is_permutation_of(a, 1000));
  REQUIRE(a == b);
  shuffle(b, 1000, 4);
  REQUIRE(a != b);
  shuffle(a, 0, 3);
  REQUIRE(a.empty());
}

TEST_CASE("samples of one code come in groups, and the groups in random order", "[unit]") {
  constexpr std::size_t kSamples = 803, kGroup = 16;
  constexpr std::uint32_t kBits = 3;
  std::vector<std::uint32_t> order, codes(kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) codes[i] = static_cast<std::uint32_t>(i * i % 8);
  shuffle(order, kSamples, 1);
  const auto before = order;
  group_by_code(order, codes, kBits, kGroup, 2);
  REQUIRE(is_permutation_of(order, kSamples));
  // Squares are 0, 1 or 4 modulo 8: three codes, so of all neighbours at most the groups' ends and two borders differ.
  std::size_t differing = 0;
  for (std::size_t i = 1; i < kSamples; ++i) differing += codes[order[i]] != codes[order[i - 1]];
  REQUIRE(differing > 10);
  REQUIRE(differing <= kSamples / kGroup + 3);
  auto again = before;
  group_by_code(again, codes, kBits, kGroup, 2);
  REQUIRE(again == order);
  again = before;
  group_by_code(again, codes, kBits, kGroup, 3);
  REQUIRE(again != order);
}

TEST_CASE("samples with the same features share a group", "[unit][levels]") {
  // 20 kinds of samples, 32 of each, in turn.
  constexpr std::size_t kKinds = 20, kSamples = 640, kBatch = 256;
  Config config = small_config();
  config.network.hidden = {32};
  Data data{kKinds * 3, 2, {}, {}};
  for (std::uint32_t i = 0; i < kSamples; ++i) {
    const std::uint32_t kind = i % kKinds * 3;
    data.x.add(std::vector{kind, kind + 1, kind + 2}, std::vector<float>(3, 1.f));
    data.y.add({});
  }
  Model model = make_model(config, data);
  std::vector<std::uint32_t> order, shuffled;
  shuffle(order, kSamples, 5);
  shuffled = order;
  group_similar(order, impl_of(model).network, data.view(), kBatch, 5);
  REQUIRE(is_permutation_of(order, kSamples));
  const auto same_as_last = [&](const std::vector<std::uint32_t>& by) {
    std::size_t same = 0;
    for (std::size_t i = 1; i < by.size(); ++i) same += by[i] % kKinds == by[i - 1] % kKinds;
    return same;
  };
  CHECK(same_as_last(shuffled) < kSamples / 10);
  CHECK(same_as_last(order) > kSamples / 4);
}

TEST_CASE("an order is what it always was: a file in the midst of a pass keeps its place in it, not the order", "[unit]") {
  std::vector<std::uint32_t> order;
  shuffle(order, 10, 3);
  CHECK(order == std::vector<std::uint32_t>{9, 4, 0, 6, 7, 2, 5, 8, 3, 1});
  shuffle_in_blocks(order, 20, 1, 3);
  CHECK(order == std::vector<std::uint32_t>{18, 2, 15, 9, 14, 4, 7, 5, 10, 16, 3, 6, 11, 17, 0, 12, 13, 1, 19, 8});
  shuffle_in_blocks(order, 19, 2, 3);
  CHECK(order == std::vector<std::uint32_t>{15, 11, 10, 6, 18, 4, 17, 13, 7, 16, 14, 12, 3, 2, 5, 0, 8, 1, 9});
}

}  // namespace glissade::test
