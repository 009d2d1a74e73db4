#include <catch2/catch.hpp>

#include <algorithm>

#include "hashing/matrix_source.h"
#include "hashing/query.h"
#include "tests/hashing/support.h"

using namespace glissade::hashing;
using namespace glissade::hashing::test;

// 20,000 rows; each query is one row with noise (an angle of about 27 degrees), whose own row is therefore its nearest by cosine.
// What is retrieved is a few per cent of all rows, so an unrelated row is found that often and the nearest one nearly always.
TEST_CASE("the nearest row by cosine is retrieved far more often than others", "[property]") {
  constexpr std::uint32_t kRows = 20000, kWidth = 64;
  constexpr std::size_t kQueries = 200;
  const Matrix rows = normal_matrix(kRows, kWidth, 501);
  for (const FamilyParams& params : {FamilyParams{.kind = FamilyKind::simhash, .dimension = kWidth, .k = 10, .tables = 40},
                                     FamilyParams{.kind = FamilyKind::dwta, .dimension = kWidth, .k = 4, .tables = 40},
                                     FamilyParams{.kind = FamilyKind::wta, .dimension = kWidth, .k = 4, .tables = 40},
                                     FamilyParams{.kind = FamilyKind::minhash, .dimension = kWidth, .k = 4, .tables = 40}}) {
    const auto family = Family::make(params);
    Tables tables(40, table_bits(params), kRows, 0, 1);
    tables.build(MatrixSource(rows.values.data(), kWidth, kWidth, kRows), *family);
    Random random(mix(503));
    StampSet seen(kRows);
    std::vector<std::uint32_t> out, codes(40 * kLanes);
    std::size_t hits = 0, retrieved = 0;
    for (std::size_t q = 0; q < kQueries; ++q) {
      const auto target = static_cast<std::uint32_t>(random.below(kRows));
      float query[kWidth];
      for (std::size_t d = 0; d < kWidth; ++d) query[d] = rows.row(target)[d] + 0.5f * normal(random);
      group_codes(*family, query, kWidth, kWidth, 1, codes.data(), kLanes);
      seen.clear();
      out.clear();
      collect(tables, {codes.data(), kLanes, 1}, q, kRows, seen, out);
      hits += seen.contains(target);
      retrieved += out.size();
    }
    const double nearest = static_cast<double>(hits) / kQueries;
    const double any = static_cast<double>(retrieved) / (static_cast<double>(kRows) * kQueries);
    CAPTURE(static_cast<int>(params.kind), nearest, any);
    CHECK(nearest > 0.75);
    CHECK(nearest > 10 * any);
  }
}
