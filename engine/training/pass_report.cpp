#include "engine/training/pass_report.h"

namespace glissade {
namespace {

double ratio(double a, double b) noexcept { return b > 0 ? a / b : 0.0; }

/// What Progress and EpochReport say in the same words.
template <class Report>
Report means_of(const PassSums& sums, std::uint32_t epoch, std::uint32_t labels) {
  Report report;
  const auto samples = static_cast<double>(sums.samples);
  report.epoch = epoch;
  report.samples_per_second = ratio(samples, sums.seconds);
  report.loss = ratio(sums.loss, samples);
  report.precision_at_1 = ratio(static_cast<double>(sums.hits), static_cast<double>(sums.probed));
  report.active_share = ratio(static_cast<double>(sums.active_rows), samples * labels);
  return report;
}

}  // namespace

void add(PassSums& sums, const TrainingStep::Report& step, std::size_t samples) noexcept {
  sums.samples += samples;
  ++sums.steps;
  sums.probed += step.output.probed;
  sums.hits += step.output.hits;
  sums.active_rows += step.output.active_rows;
  sums.rows_touched += step.output.rows_touched;
  sums.features_touched += step.features_touched;
  sums.rows_rehashed += step.rows_rehashed;
  sums.loss += step.output.loss;
}

Progress progress_of(const PassSums& sums, std::uint32_t epoch, std::uint64_t all, std::uint32_t labels) {
  auto progress = means_of<Progress>(sums, epoch, labels);
  progress.samples_done = sums.samples;
  progress.samples_total = all;
  progress.seconds = sums.seconds;
  return progress;
}

EpochReport report_of(const PassSums& sums, std::uint32_t epoch, const PhaseSeconds& phases, const Shape& shape) {
  const auto share = [&](std::uint64_t rows, std::uint32_t all) {
    return ratio(static_cast<double>(rows), static_cast<double>(sums.steps) * all);
  };
  auto report = means_of<EpochReport>(sums, epoch, shape.labels);
  report.samples = sums.samples;
  report.steps = sums.steps;
  report.train_seconds = sums.seconds;
  report.phases = phases;
  report.rows_touched_share = share(sums.rows_touched, shape.labels);
  report.features_touched_share = share(sums.features_touched, shape.features);
  report.rows_rehashed = sums.rows_rehashed;
  return report;
}

}  // namespace glissade
