#include "apps/autotune/search_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/console/numbers.h"

namespace glissade::apps {
namespace {

std::string score_text(const Trial& trial) {
  if (trial.is_lost()) return "lost: " + trial.lost;
  return fmt::format("{} ({} .. {})", percent(trial.score), percent(trial.low), percent(trial.high));
}

}  // namespace

std::string trial_name(const Candidate& candidate) { return candidate.is_usual() ? "(usual settings)" : command_line(candidate); }

std::string trial_head(const std::string& metric, std::size_t width) {
  return fmt::format("{:<{}}  {:>4} {:>10} {:>6} {:>8}  {} (95 %)", "settings", width, "rung", "rows", "epochs", "seconds",
                     metric);
}

std::string trial_row(const Trial& trial, std::size_t width) {
  return fmt::format("{:<{}}  {:>4} {:>10} {:>6} {:>8.1f}  {}", trial_name(trial.candidate), width, trial.rung,
                     grouped(trial.rows), trial.epochs, trial.seconds, score_text(trial));
}

nlohmann::ordered_json trial_json(const Trial& trial, const std::string& metric) {
  nlohmann::ordered_json json = {{"event", "trial"},         {"options", command_line(trial.candidate)},
                                 {"rung", trial.rung},       {"split", trial.split},
                                 {"rows", trial.rows},       {"epochs", trial.epochs},
                                 {"seconds", trial.seconds}, {"metric", metric}};
  if (trial.is_lost()) {
    json["lost"] = trial.lost;
  } else {
    json["score"] = trial.score;
    json["interval_95"] = {trial.low, trial.high};
  }
  return json;
}

}  // namespace glissade::apps
