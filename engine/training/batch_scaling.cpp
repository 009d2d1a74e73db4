#include "engine/training/batch_scaling.h"

#include <algorithm>
#include <cmath>

namespace glissade {
namespace {

/// k for a step of `samples`; 1 where nothing is scaled.
double times_reference(const Config& config, std::uint64_t samples) noexcept {
  const std::uint64_t reference = config.training.reference_batch;
  if (reference == 0 || config.training.step_samples() <= reference) return 1;
  return std::max(1.0, static_cast<double>(samples) / static_cast<double>(reference));
}

}  // namespace

double top_rate(const Config& config, std::uint64_t total_steps) noexcept {
  constexpr double kPower = 0.125, kDistance = 2;
  const double times = times_reference(config, config.training.step_samples());
  const double least = config.optimizer.learning_rate * std::pow(times, kPower), most = config.optimizer.learning_rate * times;
  switch (config.optimizer.kind) {
    case OptimizerKind::adam:
      return std::clamp(kDistance / static_cast<double>(std::max<std::uint64_t>(1, total_steps)), least, most);
    case OptimizerKind::adagrad: return least;
    case OptimizerKind::momentum:
    case OptimizerKind::sgd: break;
  }
  return config.optimizer.learning_rate;
}

OptimizerOptions optimizer_for(const Config& config, std::uint64_t samples) noexcept {
  OptimizerOptions options = OptimizerOptions::of(config);
  const double times = times_reference(config, samples);
  if (times == 1 || options.kind != OptimizerKind::adam) return options;
  options.beta1 = std::pow(options.beta1, times);
  options.beta2 = std::pow(options.beta2, times);
  return options;
}

}  // namespace glissade
