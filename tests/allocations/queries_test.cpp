// Queries of a snapshot allocate nothing once their buffers have grown. A program of its own: it counts every call of malloc.
#include <catch2/catch.hpp>

#include <oneapi/tbb/global_control.h>

#include <cstdint>
#include <cstdlib>

#include <glissade/snapshot.h>

#include "tests/allocations/counted.h"
#include "tests/engine/living.h"

namespace glissade::test {
namespace {

SparseRows row_of(SparseRows rows, std::size_t row) {
  rows.offsets = rows.offsets.subspan(row, 2);
  return rows;
}

/// How often ask(row) allocates, over all rows, after a round that is not counted.
template <class Ask>
std::uint64_t counted(const Data& data, const Ask& ask) {
  for (std::size_t row = 0; row < data.size(); ++row) ask(row);
  const std::uint64_t before = allocations;
  for (std::size_t row = 0; row < data.size(); ++row) ask(row);
  return allocations - before;
}

}  // namespace

TEST_CASE("the count of allocations counts", "[unit]") {
  const std::uint64_t before = allocations;
  std::vector<std::vector<int>> grows;
  for (int i = 0; i < 100; ++i) grows.emplace_back(100, i);
  CHECK(grows.back().back() == 99);
  CHECK(allocations >= before + 100);
}

TEST_CASE("queries of a snapshot allocate nothing once their buffers have grown", "[unit]") {
  const bool with_paths = GENERATE(false, true);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
  const Data data = planted_data(600, 400, 150, 3);
  Learner learner = must(Learner::create(living_model(data, with_paths)));
  must(learner.learn(planted_data(200, 400, 150, 9).view()));  // rows beside the model's own
  const Snapshot snapshot = must(learner.publish());
  Workspace workspace;
  Predictions found;
  Query query;
  bool fine = true;
  const auto top_k = [&](std::size_t row) { fine &= snapshot.top_k(row_of(data.x.view(), row), query, workspace, found).ok(); };
  for (const bool probabilities : {false, true}) {
    query.probabilities = probabilities;
    CHECK(counted(data, top_k) == 0);
  }
  LabelFilter half = LabelFilter::permitting_none(150), few = LabelFilter::permitting_none(150);
  for (std::uint32_t label = 0; label < 150; label += 2) half.permit(label);
  few.permit(7);
  for (const LabelFilter* filter : {&half, &few}) {
    query.filter = filter;
    CHECK(counted(data, top_k) == 0);
  }
  query.filter = nullptr;
  query.unknown = Query::Unknown::leave_out;
  CHECK(counted(data, top_k) == 0);
  Rows given;
  given.add(std::vector<std::uint32_t>{1, 5, 77, 149});
  std::vector<float> out;
  CHECK(counted(data, [&](std::size_t row) {
          fine &= snapshot.score(row_of(data.x.view(), row), given.view(), workspace, out).ok();
        }) == 0);
  CHECK(counted(data, [&](std::size_t row) { fine &= snapshot.encode(row_of(data.x.view(), row), workspace, out).ok(); }) == 0);
  CHECK(fine);
}

}  // namespace glissade::test
