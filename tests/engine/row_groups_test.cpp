// A batch turned row-major, against a map.

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <catch2/catch.hpp>

#include <map>
#include <tuple>
#include <vector>

#include "engine/layers/row_groups.h"
#include "hashing/seeds.h"

namespace glissade::test {
namespace {

struct Entries {
  std::vector<std::vector<std::uint32_t>> ids;
  std::vector<std::vector<float>> weights;
};

/// Ids repeat across samples and also inside one; a fifth of the weights is 0.
Entries random_entries(std::size_t samples, std::size_t most, std::uint32_t rows, std::uint64_t seed) {
  hashing::Random random(seed);
  Entries entries{std::vector<std::vector<std::uint32_t>>(samples), std::vector<std::vector<float>>(samples)};
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t n = random.below(most + 1); n > 0; --n) {
      entries.ids[s].push_back(
          static_cast<std::uint32_t>(random.below(2) == 0 ? random.below(rows) : random.below(std::min(rows, 9u))));
      entries.weights[s].push_back(random.below(5) == 0 ? 0.f : static_cast<float>(random.unit() - 0.5));
    }
  }
  return entries;
}

using Listing = std::vector<std::tuple<std::uint32_t, std::uint32_t, float>>;  // row, sample, weight

Listing listing(RowGroups& groups, const Entries& entries, int threads) {
  Listing out;
  tbb::task_arena(threads).execute([&] {
    groups.build(entries.ids.size(), [&](std::size_t s) { return RowGroups::Entries{entries.ids[s], entries.weights[s]}; });
  });
  for (std::size_t partition = 0; partition < RowGroups::kPartitions; ++partition) {
    std::int64_t last = -1;
    groups.for_each(partition, [&](std::uint32_t row, std::uint32_t, auto samples, auto weights) {
      REQUIRE(std::int64_t{row} > last);  // ascending, so each row once
      REQUIRE(RowGroups::partition_of(row) == partition);
      REQUIRE(!samples.empty());
      REQUIRE(samples.size() == weights.size());
      last = row;
      for (std::size_t i = 0; i < samples.size(); ++i) out.emplace_back(row, samples[i], weights[i]);
    });
  }
  return out;
}

}  // namespace

TEST_CASE("row groups are the transposed batch, in sample order, whatever the thread count", "[property]") {
  const tbb::global_control more_than_cores(tbb::global_control::max_allowed_parallelism, 4);
  const auto rows = GENERATE(1u, 63u, 64u, 65u, 255u, 257u, 1000u, 9000u, 200000u);
  RowGroups groups(rows);  // reused, as training does
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const std::size_t samples = seed == 0 ? 0 : 1 + 13 * seed;
    const Entries entries = random_entries(samples, 40, rows, seed);
    std::map<std::uint32_t, std::vector<std::pair<std::uint32_t, float>>> expected;
    for (std::uint32_t s = 0; s < samples; ++s) {
      for (std::size_t j = 0; j < entries.ids[s].size(); ++j) {
        if (entries.weights[s][j] != 0.f) expected[entries.ids[s][j]].emplace_back(s, entries.weights[s][j]);
      }
    }
    const Listing one = listing(groups, entries, 1);
    REQUIRE(groups.used_rows() == expected.size());
    std::map<std::uint32_t, std::vector<std::pair<std::uint32_t, float>>> found;
    for (const auto& [row, sample, weight] : one) found[row].emplace_back(sample, weight);
    REQUIRE(found == expected);
    REQUIRE(listing(groups, entries, 2) == one);
    REQUIRE(listing(groups, entries, 4) == one);
  }
}

}  // namespace glissade::test
