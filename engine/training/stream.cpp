#include "engine/training/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/config/proposing_paths.h"

namespace glissade {

Result<void> check_weighting(const Model::Impl& model) {
  if (!model.transform.lacks_factors() && model.config.network.weighting != FeatureWeighting::automatic) return {};
  return usage_error(
      "option 'weighting': it is learned from a data set, which is not there in single steps; train an epoch first, or use "
      "weighting "
      "given or unit");
}

Result<void> check_stream(const Model::Impl& model, const StreamOptions& options) {
  const Config& config = model.config;
  const auto refuse = [](const char* option, const char* why, const char* remedy) {
    return usage_error(fmt::format("option '{}': {} in a stream; {}", option, why, remedy));
  };
  if (!(options.learning_rate >= 0 && std::isfinite(options.learning_rate)))
    return usage_error(
        fmt::format("StreamOptions::learning_rate: {} is out of range; allowed: 0 or more", options.learning_rate));
  if (config.network.start == Start::centroids && model.step == 0)
    return refuse("start", "centroids need a data set, which is not there", "use start random, or train an epoch first");
  if (config.schedule.average != 0) return refuse("average", "there is no last part of the steps", "use average 0");
  if (config.active_set.correction == Correction::rising)
    return refuse("correction", "there is no end to rise to", "use correction on or off");
  if (auto known = check_weighting(model); !known) return known;
  if (config.training.batches == BatchKind::similar) return refuse("batches", "batches are the caller's", "use batches shuffled");
  if (uses_sparse_paths(config) && model.paths.empty()) {
    return refuse("fan-in, neighbours", "sparse paths are built from a data set, which is not there",
                  "train an epoch first, or use fan-in 0 and neighbours 0");
  }
  return {};
}

double stream_rate(const StreamOptions& options, double usual, std::uint64_t step, std::uint64_t begin) noexcept {
  const double rate = options.learning_rate > 0 ? options.learning_rate : usual;
  const std::uint64_t at = step - std::min(step, begin);
  return at < options.warmup_steps ? rate * static_cast<double>(at) / static_cast<double>(options.warmup_steps) : rate;
}

}  // namespace glissade
