#include <catch2/catch.hpp>

#include <vector>

#include "hashing/schedule.h"

using glissade::hashing::RehashSchedule;
using glissade::hashing::ScheduleParams;
using Kind = ScheduleParams::Kind;

namespace {

/// After how many samples re-hashes came, seen in batches of `batch`.
std::vector<std::uint64_t> due(const ScheduleParams& params, std::uint64_t batch, std::uint64_t total) {
  RehashSchedule schedule(params);
  std::vector<std::uint64_t> times;
  for (std::uint64_t seen = batch; seen <= total; seen += batch)
    if (schedule.advance(batch)) times.push_back(seen);
  return times;
}

}  // namespace

TEST_CASE("a fixed schedule is due every period", "[unit]") {
  CHECK(due({.kind = Kind::fixed, .period = 6400}, 256, 26000) == std::vector<std::uint64_t>{6400, 12800, 19200, 25600});
  // Batches that do not divide the period: the first batch at or past each multiple, without drifting away from it.
  CHECK(due({.kind = Kind::fixed, .period = 1000}, 300, 4200) == std::vector<std::uint64_t>{1200, 2100, 3000, 4200});
  // Batches longer than the period: one re-hash makes up for all of it.
  CHECK(due({.kind = Kind::fixed, .period = 10}, 25, 100) == std::vector<std::uint64_t>{25, 50, 75, 100});
}

TEST_CASE("a decaying schedule waits longer each time", "[unit]") {
  CHECK(due({.kind = Kind::decaying, .period = 100, .growth = 2.0}, 1, 1600) == std::vector<std::uint64_t>{100, 300, 700, 1500});
  CHECK(due({.kind = Kind::decaying, .period = 100, .growth = 1.5}, 1, 900) == std::vector<std::uint64_t>{100, 250, 475, 813});
  CHECK(due({.kind = Kind::decaying, .period = 50, .growth = 1.0}, 1, 200) == std::vector<std::uint64_t>{50, 100, 150, 200});
}

TEST_CASE("a schedule's state depends on the total of samples only", "[unit]") {
  for (const Kind kind : {Kind::fixed, Kind::decaying, Kind::drift}) {
    const ScheduleParams params{.kind = kind, .period = 70, .growth = 1.3};
    RehashSchedule stepwise(params), resumed(params);
    for (int i = 0; i < 1000; ++i) stepwise.advance(1);
    resumed.advance(1000);
    for (int i = 0; i < 1000; ++i) CHECK(stepwise.advance(1) == resumed.advance(1));
  }
}

TEST_CASE("only the drift schedule leaves rows that stayed", "[unit]") {
  CHECK(RehashSchedule({.kind = Kind::drift}).moved_rows_only());
  CHECK_FALSE(RehashSchedule({.kind = Kind::fixed}).moved_rows_only());
  CHECK_FALSE(RehashSchedule({.kind = Kind::decaying}).moved_rows_only());
  CHECK(due({.kind = Kind::drift, .period = 10}, 5, 30) == std::vector<std::uint64_t>{10, 20, 30});
}
