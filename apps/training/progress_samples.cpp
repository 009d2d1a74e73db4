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
  last_ = Clock::now();
  if (p.epoch != epoch_) {
    samples_ = 0;
    seconds_ = losses_ = hits_ = active_ = 0;
    epoch_ = p.epoch;
  }
  nlohmann::ordered_json json = {
      {"event", "progress"},
      {"activity", name_of(p.activity)},
      {"activity_share", p.activity_share},
      {"epoch", p.epoch},
      {"samples", p.samples_done},
      {"samples_total", p.samples_total},
      {"epoch_seconds", p.seconds},
      {"loss", nullptr},
      {"train_p@1", nullptr},
      {"active_share", nullptr},
      {"samples_per_second", nullptr},
      {"seconds_left", nullptr},
      {"rss_mb", resident_memory_mib()},
  };
  if (p.seconds_left >= 0) json["seconds_left"] = p.seconds_left;
  if (p.activity == Activity::steps) add_means(json, p);
  return json;
}

/// Of what has passed since the moment before.
void ProgressSamples::add_means(nlohmann::ordered_json& json, const Progress& p) {
  const auto done = static_cast<double>(p.samples_done);
  const double more = std::max(1.0, done - static_cast<double>(samples_));
  const double losses = p.loss * done, hits = p.precision_at_1 * done, active = p.active_share * done;
  json["loss"] = (losses - losses_) / more;
  json["train_p@1"] = std::clamp((hits - hits_) / more, 0.0, 1.0);
  json["active_share"] = (active - active_) / more;
  json["samples_per_second"] = more / std::max(1e-9, p.seconds - seconds_);
  samples_ = p.samples_done;
  seconds_ = p.seconds;
  losses_ = losses, hits_ = hits, active_ = active;
}

nlohmann::ordered_json ProgressSamples::take(const EvaluationProgress& p) {
  last_ = Clock::now();
  const double share = p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 1.0;
  nlohmann::ordered_json json = {
      {"event", "progress"}, {"activity", "evaluating"}, {"activity_share", share}, {"epoch", p.epoch}};
  for (const char* of_steps :
       {"samples", "samples_total", "epoch_seconds", "loss", "train_p@1", "active_share", "samples_per_second"})
    json[of_steps] = nullptr;
  json["rss_mb"] = resident_memory_mib();
  json["seconds_left"] = p.seconds_left >= 0 ? nlohmann::ordered_json(p.seconds_left) : nullptr;
  return json;
}

}  // namespace glissade::apps
