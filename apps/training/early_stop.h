#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <glissade/metrics.h>
#include <glissade/result.h>
#include <glissade/run_notes.h>
#include <glissade/trainer.h>

namespace glissade::apps {

/// What is watched, and when it is enough. Without a metric nothing is.
struct MonitorSettings {
  std::string metric;          ///< "p@1", "psp@5", "ndcg@3", ... or "loss"; "" = none
  std::uint32_t patience = 3;  ///< evaluations without improvement after which training ends
  double min_delta = 0;        ///< a smaller improvement does not count
};

/// Where a metric stands in Metrics and SampleScores.
struct MetricPlace {
  enum class Family { precision, ndcg, psp } family;
  std::size_t cutoff;  ///< place in kCutoffs
};
/// Nothing for "loss", and for names that there are not.
std::optional<MetricPlace> metric_place(std::string_view metric);

/// Follows one metric from evaluation to evaluation: which epoch was the best, and whether it is time to stop.
class EarlyStop {
 public:
  /// Usage error for a metric that there is not.
  static Result<EarlyStop> create(const MonitorSettings& settings);

  bool on() const noexcept { return !settings_.metric.empty(); }
  bool needs_evaluation() const noexcept { return on() && !is_loss(); }

  /// Takes note of an epoch's value. True if it is the best so far.
  bool take(const EpochReport& report, const std::optional<Evaluation>& evaluation);
  bool should_stop() const noexcept { return on() && since_best_ >= settings_.patience; }

  std::uint32_t best_epoch() const noexcept { return best_epoch_; }
  double best() const noexcept { return best_; }
  const MonitorSettings& settings() const noexcept { return settings_; }

  /// How it stands, and back. The state of another metric, or of none, is left aside.
  EarlyStopState state() const;
  void recall(const EarlyStopState& state);

 private:
  explicit EarlyStop(const MonitorSettings& settings) : settings_(settings) {}
  bool is_loss() const noexcept { return settings_.metric == "loss"; }
  double value(const EpochReport& report, const std::optional<Evaluation>& evaluation) const;

  MonitorSettings settings_;
  double best_ = 0;
  std::uint32_t best_epoch_ = 0;  ///< 0 = none yet
  std::uint32_t since_best_ = 0;  ///< evaluations
};

}  // namespace glissade::apps
