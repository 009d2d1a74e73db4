// Tables are the same with one, two, three and more threads than there are cores: built, re-hashed in one go, and in slices.
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <catch2/catch.hpp>

#include <numeric>
#include <vector>

#include "hashing/matrix_source.h"
#include "hashing/rehash_job.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

TEST_CASE("tables are the same bytes with any number of threads", "[unit]") {
  constexpr std::uint32_t kRows = 9000, kTables = 7;
  const std::uint32_t cap = GENERATE(0u, 20u);
  const FamilyKind kind = GENERATE(FamilyKind::simhash, FamilyKind::dwta);
  FamilyParams params;
  params.kind = kind;
  params.dimension = 8;
  params.k = kind == FamilyKind::simhash ? 9 : 3;
  params.tables = kTables;
  const auto family = Family::make(params);
  std::vector<float> values(kRows * std::size_t{8}), changed;
  Random random(3);
  for (float& value : values) value = static_cast<float>(random.unit() - 0.5);
  changed = values;
  std::vector<std::uint32_t> moved(kRows / 2);
  std::iota(moved.begin(), moved.end(), 7u);
  for (const std::uint32_t row : moved) {
    for (std::size_t d = 0; d < 8; ++d) changed[row * 8 + d] = static_cast<float>(random.unit() - 0.5);
  }
  const MatrixSource before(values.data(), 8, 8, kRows), after(changed.data(), 8, 8, kRows);
  const auto built = [&] {
    Tables tables(kTables, table_bits(params), kRows, cap, 1);
    tables.build(before, *family);
    return tables;
  };
  const auto rehashed = [&](bool slices) {
    Tables tables = built();
    RehashJob job;
    job.start(tables, moved);
    if (slices) {
      for (const double share : {0.1, 0.3, 0.5, 0.8}) job.advance(share, tables, after, *family);
    }
    job.advance(1, tables, after, *family);
    return tables;
  };
  const auto with_threads = [](int threads, const auto& make) {
    const tbb::global_control room(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
    return tbb::task_arena(threads).execute(make);
  };
  const Tables one = with_threads(1, built), one_moved = with_threads(1, [&] { return rehashed(false); });
  REQUIRE_FALSE(same_buckets(one, one_moved));
  for (const int threads : {2, 3, 8}) {
    CAPTURE(threads);
    CHECK(same_buckets(with_threads(threads, built), one));
    CHECK(same_buckets(with_threads(threads, [&] { return rehashed(false); }), one_moved));
    CHECK(same_buckets(with_threads(threads, [&] { return rehashed(true); }), one_moved));
  }
}
