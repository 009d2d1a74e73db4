// Batches copied while another one is in use.

#include "engine/batches/batch_ahead.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "tests/engine/data.h"

namespace glissade::test {
namespace {

void require_same(const Batch& a, const Batch& b) {
  REQUIRE(std::ranges::equal(a.features().offsets, b.features().offsets));
  REQUIRE(std::ranges::equal(a.features().ids, b.features().ids));
  REQUIRE(std::ranges::equal(a.features().values, b.features().values));
  REQUIRE(std::ranges::equal(a.labels().offsets, b.labels().offsets));
  REQUIRE(std::ranges::equal(a.labels().ids, b.labels().ids));
}

}  // namespace

TEST_CASE("what is taken is what was asked for, whatever was copied ahead", "[unit]") {
  const Data data = random_data(200, 30, 20, 1), other = random_data(200, 30, 20, 2);
  const DatasetView view = data.view(), other_view = other.view();
  const std::vector<std::uint32_t> first = {7, 3, 3, 199, 0}, second = {1, 2, 3, 4}, none;
  const Batch::Dropout dropout{0.5, 5}, other_dropout{0.5, 6};
  const std::vector<BatchAhead::Request> requests = {{view, first, dropout},
                                                     {view, second, dropout},
                                                     {view, second, other_dropout},
                                                     {other_view, second, dropout},
                                                     {view, none, dropout}};
  BatchAhead batches;
  for (const BatchAhead::Request& ahead : requests) {
    for (const BatchAhead::Request& asked : requests) {
      { const BatchAhead::Copying copying = batches.start(ahead); }
      Batch wanted;
      wanted.gather(asked.data, asked.rows, asked.dropout);
      require_same(batches.take(asked), wanted);
      require_same(batches.take(asked), wanted);
    }
  }
}

TEST_CASE("a batch in use stays as it is while the next one is copied", "[unit]") {
  const Data data = random_data(200, 30, 20, 1);
  const DatasetView view = data.view();
  const std::vector<std::uint32_t> first = {7, 3, 3, 199, 0}, second = {1, 2, 3, 4};
  Batch wanted;
  wanted.gather(view, first, {});
  BatchAhead batches;
  { const BatchAhead::Copying copying = batches.start({view, first, {}}); }
  const Batch& batch = batches.take({view, first, {}});
  const BatchAhead::Copying copying = batches.start({view, second, {}});
  require_same(batch, wanted);
}

}  // namespace glissade::test
