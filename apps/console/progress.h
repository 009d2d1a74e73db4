#pragma once

#include <chrono>
#include <cstdint>

#include <glissade/trainer.h>

namespace glissade::apps {

/// Shows how training goes on standard error: one line that is rewritten in place on a terminal; otherwise a plain line each
/// tenth of the run or each ten seconds, whichever comes first.
class ProgressLine {
 public:
  ProgressLine(std::uint32_t epochs, bool quiet);

  void show(const Progress& progress);
  /// Takes the rewritten line off the terminal, so that other lines can follow.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool due(double run_share, Clock::time_point now);

  std::uint32_t epochs_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  double last_share_ = 0;
  Clock::time_point last_time_;
};

}  // namespace glissade::apps
