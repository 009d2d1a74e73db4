// What the steps of a pass add up to.
#include "engine/training/pass_report.h"

#include <catch2/catch.hpp>

namespace glissade::test {
namespace {

PassSums two_steps() {
  TrainingStep::Report step;
  step.output = {.loss = 6, .probed = 4, .hits = 3, .active_rows = 40, .rows_touched = 7, .ok = true};
  step.features_touched = 10;
  step.rows_rehashed = 2;
  PassSums sums;
  add(sums, step, 4);
  step.output = {.loss = 3, .probed = 1, .hits = 1, .active_rows = 8, .rows_touched = 2, .ok = true};
  step.features_touched = 5;
  step.rows_rehashed = 9;
  add(sums, step, 2);
  sums.seconds = 3;
  return sums;
}

}  // namespace

TEST_CASE("a report of a pass is means over samples and shares over steps", "[unit]") {
  const PassSums sums = two_steps();
  PhaseSeconds phases;
  phases[Phase::gather] = 0.25;
  const EpochReport report = report_of(sums, 5, phases, {.features = 50, .labels = 16});
  CHECK(report.epoch == 5);
  CHECK(report.samples == 6);
  CHECK(report.steps == 2);
  CHECK(report.train_seconds == 3);
  CHECK(report.samples_per_second == 2);
  CHECK(report.loss == 1.5);
  CHECK(report.precision_at_1 == Approx(0.8));
  CHECK(report.active_share == 0.5);  // 48 rows of 6 samples times 16 labels
  CHECK(report.rows_touched_share == Approx(9.0 / 32));
  CHECK(report.features_touched_share == Approx(0.15));
  CHECK(report.rows_rehashed == 11);
  CHECK(report.phases[Phase::gather] == 0.25);
}

TEST_CASE("a callback is told the means so far and how many samples there are; without any they are 0", "[unit]") {
  const Progress progress = progress_of(two_steps(), 2, 60, 16);
  CHECK(progress.epoch == 2);
  CHECK(progress.samples_done == 6);
  CHECK(progress.samples_total == 60);
  CHECK(progress.seconds == 3);
  CHECK(progress.samples_per_second == 2);
  CHECK(progress.loss == 1.5);
  CHECK(progress.precision_at_1 == Approx(0.8));
  CHECK(progress.active_share == 0.5);
  const EpochReport none = report_of({}, 1, {}, {.features = 50, .labels = 16});
  CHECK(none.loss == 0);
  CHECK(none.precision_at_1 == 0);
  CHECK(none.samples_per_second == 0);
  CHECK(none.features_touched_share == 0);
}

}  // namespace glissade::test
