#include "apps/training/early_stop.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace glissade::apps {
namespace {

using Family = std::array<double, kCutoffs.size()> Metrics::*;
constexpr std::array<std::pair<std::string_view, Family>, 3> kFamilies = {
    {{"p", &Metrics::precision}, {"ndcg", &Metrics::ndcg}, {"psp", &Metrics::psp}}};

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const auto& [family, values] : kFamilies) {
    for (const auto cutoff : kCutoffs) names.push_back(fmt::format("{}@{}", family, cutoff));
  }
  names.emplace_back("loss");
  return names;
}

}  // namespace

std::optional<MetricPlace> metric_place(std::string_view metric) {
  const auto names = metric_names();
  const auto at = static_cast<std::size_t>(std::ranges::find(names, metric) - names.begin());
  if (at >= kFamilies.size() * kCutoffs.size()) return std::nullopt;
  return MetricPlace{static_cast<MetricPlace::Family>(at / kCutoffs.size()), at % kCutoffs.size()};
}

Result<EarlyStop> EarlyStop::create(const MonitorSettings& settings) {
  const auto names = metric_names();
  if (settings.metric.empty() || std::ranges::find(names, settings.metric) != names.end()) return EarlyStop(settings);
  return usage_error(fmt::format("--monitor: '{}' is unknown; allowed: {}", settings.metric, fmt::join(names, " | ")));
}

double EarlyStop::value(const EpochReport& report, const std::optional<Evaluation>& evaluation) const {
  if (is_loss()) return report.loss;
  const auto names = metric_names();
  const auto at = static_cast<std::size_t>(std::ranges::find(names, settings_.metric) - names.begin());
  return (evaluation->metrics.*kFamilies[at / kCutoffs.size()].second)[at % kCutoffs.size()];
}

bool EarlyStop::take(const EpochReport& report, const std::optional<Evaluation>& evaluation) {
  if (!on() || (!is_loss() && !evaluation)) return false;
  const double now = value(report, evaluation);
  const double gain = is_loss() ? best_ - now : now - best_;
  if (best_epoch_ != 0 && !(gain > settings_.min_delta)) {
    ++since_best_;
    return false;
  }
  best_ = now;
  best_epoch_ = report.epoch;
  since_best_ = 0;
  return true;
}

EarlyStopState EarlyStop::state() const {
  return {settings_.metric, settings_.patience, settings_.min_delta, best_, best_epoch_, since_best_};
}

void EarlyStop::recall(const EarlyStopState& state) {
  if (state.metric != settings_.metric) return;
  best_ = state.best;
  best_epoch_ = state.best_epoch;
  since_best_ = state.since_best;
}

}  // namespace glissade::apps
