#pragma once

#include <chrono>

namespace glissade {

/// Wall time since it was made.
class Stopwatch {
 public:
  double seconds() const noexcept { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace glissade
