#include "apps/training/progress_samples.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include <glissade/runtime.h>

namespace glissade::apps {

bool ProgressSamples::due() const noexcept {
  const auto now = Clock::now();
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  return seconds(now - last_) >= std::max(kFewestSeconds, kShareOfAge * seconds(now - begin_));
}

nlohmann::ordered_json ProgressSamples::take(const Progress& p) {
  if (p.epoch != epoch_) {
    samples_ = 0;
    seconds_ = losses_ = hits_ = active_ = 0;
  }
  const auto done = static_cast<double>(p.samples_done);
  const double more = std::max(1.0, done - static_cast<double>(samples_));
  const double losses = p.loss * done, hits = p.precision_at_1 * done, active = p.active_share * done;
  nlohmann::ordered_json json = {
      {"event", "progress"},
      {"epoch", p.epoch},
      {"samples", p.samples_done},
      {"samples_total", p.samples_total},
      {"epoch_seconds", p.seconds},
      {"loss", (losses - losses_) / more},
      {"train_p@1", std::clamp((hits - hits_) / more, 0.0, 1.0)},
      {"active_share", (active - active_) / more},
      {"samples_per_second", more / std::max(1e-9, p.seconds - seconds_)},
      {"rss_mb", resident_memory_mib()},
  };
  last_ = Clock::now();
  epoch_ = p.epoch;
  samples_ = p.samples_done;
  seconds_ = p.seconds;
  losses_ = losses, hits_ = hits, active_ = active;
  return json;
}

}  // namespace glissade::apps
