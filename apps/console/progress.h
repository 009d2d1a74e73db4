#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <glissade/trainer.h>

namespace glissade::apps {

/// How far an evaluation is.
struct EvaluationProgress {
  std::uint32_t epoch = 0;  ///< after which
  std::uint64_t done = 0;   ///< rows
  std::uint64_t total = 0;
  double seconds = 0;        ///< since it began
  double seconds_left = -1;  ///< of the whole run; < 0: unknown
};

/// Shows on standard error what a training is busy with and how long it will take: one line that is rewritten in place on a
/// terminal; otherwise a plain line each tenth of the run or each ten seconds, whichever comes first.
class ProgressLine {
 public:
  ProgressLine(std::uint32_t epochs, bool quiet);

  /// `progress.seconds_left` includes the evaluations to come. Where it is unknown, the speed of the steps says how long they
  /// take.
  void show(const Progress& progress);
  /// An evaluation of less than a second is not shown.
  void show_evaluation(const EvaluationProgress& progress);
  /// Takes the rewritten line off the terminal, so that other lines can follow.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool due(double run_share, Clock::time_point now);
  void draw(const std::string& line);

  std::uint32_t epochs_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  double last_share_ = 0;
  Activity last_activity_ = Activity::steps;
  Clock::time_point last_time_;
};

}  // namespace glissade::apps
