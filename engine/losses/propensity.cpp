#include <algorithm>
#include <cmath>

#include <glissade/metrics.h>

namespace glissade {

// 1 + C * exp(-A * log(n + B)) is 1 / p. C falls to 0 at N = e samples and would turn negative below: so few samples say
// nothing about propensities, and every label then counts the same.
std::vector<float> propensities(std::span<const std::uint32_t> label_counts, std::uint64_t samples, double a, double b) {
  const double log_samples = std::log(static_cast<double>(std::max<std::uint64_t>(samples, 1)));
  const double c = std::max(0.0, log_samples - 1) * std::pow(b + 1, a);
  std::vector<float> out(label_counts.size());
  std::transform(label_counts.begin(), label_counts.end(), out.begin(), [&](std::uint32_t count) {
    return static_cast<float>(1.0 / (1.0 + c * std::exp(-a * std::log(static_cast<double>(count) + b))));
  });
  return out;
}

}  // namespace glissade
