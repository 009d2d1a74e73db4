// What a re-hash holds while it runs, counted.
#include <catch2/catch.hpp>

#include <numeric>
#include <vector>

#include "hashing/matrix_source.h"
#include "hashing/rehash_job.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

TEST_CASE("a job counts its rows, their codes, and what it merges with", "[unit]") {
  constexpr std::uint32_t kRows = 4000;
  FamilyParams params;
  params.dimension = 8;
  params.k = 9;
  params.tables = 4;
  const auto family = Family::make(params);
  std::vector<float> values(kRows * std::size_t{8});
  Random random(3);
  for (float& value : values) value = static_cast<float>(random.unit() - 0.5);
  const MatrixSource source(values.data(), 8, 8, kRows);
  Tables tables(4, table_bits(params), kRows, 0, 1);
  tables.build(source, *family);
  std::vector<std::uint32_t> moved(kRows / 2);
  std::iota(moved.begin(), moved.end(), 7u);
  RehashJob job;
  job.start(tables, moved);
  CHECK(job.memory_bytes() == 4 * moved.size());
  job.advance(1, tables, source, *family);
  const std::size_t spare = kRows + moved.size() + (std::size_t{1} << table_bits(params));
  CHECK(job.memory_bytes() >= 4 * (moved.size() + 4 * moved.size() + spare));  // at least one thread has merged
  CHECK(job.memory_bytes() <= RehashJob::most_bytes(4, table_bits(params), kRows, 64));
}
