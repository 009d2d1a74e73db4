#pragma once

#include <chrono>

#include <glissade/phases.h>

namespace glissade {

/// Wall time since it was made.
class Stopwatch {
 public:
  double seconds() const noexcept { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Adds the wall time of its life to a phase.
class PhaseWatch {
 public:
  PhaseWatch(PhaseSeconds& seconds, Phase phase) noexcept : seconds_(seconds), phase_(phase) {}
  PhaseWatch(const PhaseWatch&) = delete;
  PhaseWatch& operator=(const PhaseWatch&) = delete;
  ~PhaseWatch() { seconds_[phase_] += watch_.seconds(); }

 private:
  PhaseSeconds& seconds_;
  Phase phase_;
  Stopwatch watch_;
};

}  // namespace glissade
