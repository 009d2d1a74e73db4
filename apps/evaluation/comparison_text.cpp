#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/console/numbers.h"
#include "apps/evaluation/evaluation_text.h"

namespace glissade::apps {
namespace {

using Json = nlohmann::ordered_json;

/// "+0.31", in percentage points.
std::string points(double share) { return fmt::format("{:+.2f}", 100 * share); }

std::string bounds(const Measure& difference) {
  return fmt::format("{} .. {}", points(difference.interval.low), points(difference.interval.high));
}

/// The whole interval lies on one side of 0, and there are rows enough to believe it.
bool is_real(const Comparison& comparison, const Measure& difference) {
  return !comparison.has_few_samples() && (difference.interval.low > 0 || difference.interval.high < 0);
}

/// Is it real? In words.
std::string verdict(const Contest& contest, const MetricKind& kind) {
  const Comparison& comparison = contest.comparison;
  const Measure& difference = comparison.at.front().*kind.measure;
  const std::string what = fmt::format("{}@{} of {}: {} points against {}", kind.head, comparison.at.front().k,
                                       contest.challenger_name, points(difference.mean), contest.other_name);
  if (comparison.has_few_samples())
    return fmt::format("{}, over {} rows: too few to tell it from chance\n", what, comparison.samples);
  const char* const says = is_real(comparison, difference) ? "real on rows like these" : "within noise, it may be chance";
  return fmt::format("{}, 95 % interval {}: {}\n", what, bounds(difference), says);
}

void add_line(std::string& text, const Contest& contest, const MetricKind& kind, std::size_t at) {
  const CutoffMetrics& one = contest.challenger.evaluation.at[at];
  const CutoffMetrics& other = contest.other.evaluation.at[at];
  const CutoffMetrics& difference = contest.comparison.at[at];
  const auto begin = [&](double left, double right, double gap) {
    return fmt::format("{:<10}{:>8}{:>9}{:>12}", fmt::format("{}@{}", kind.head, one.k), percent(left), percent(right),
                       points(gap));
  };
  if (kind.measure == nullptr) {
    text += begin(one.coverage, other.coverage, difference.coverage) + '\n';
    return;
  }
  const Measure& gap = difference.*kind.measure;
  text += begin((one.*kind.measure).mean, (other.*kind.measure).mean, gap.mean) +
          fmt::format("   {:<19}{}\n", bounds(gap), is_real(contest.comparison, gap) ? "yes" : "no");
}

}  // namespace

std::string comparison_table(const Contest& contest, const MetricChoice& metrics) {
  const Comparison& comparison = contest.comparison;
  std::string text =
      fmt::format("{:<10}{:>8}{:>9}{:>12}   {:<19}{}\n", "", "this", "against", "difference", "95 % interval", "real?");
  for (const MetricKind* kind : metrics) {
    if (kind->name == "psp" && !contest.challenger.weighs) continue;
    for (std::size_t at = 0; at < comparison.at.size(); ++at) add_line(text, contest, *kind, at);
  }
  text += fmt::format("rows {}: P@{} is better on {}, worse on {}\n", grouped(comparison.samples), comparison.at.front().k,
                      grouped(comparison.better), grouped(comparison.worse));
  const auto means = [](const MetricKind* kind) { return kind->measure != nullptr; };
  const auto first = std::ranges::find_if(metrics, means);
  return first == metrics.end() ? text : text + verdict(contest, **first);
}

Json comparison_json(const Contest& contest) {
  Json out = evaluation_json(contest.challenger);
  const Comparison& comparison = contest.comparison;
  Json difference, intervals = Json::object();
  difference["samples"] = comparison.samples;
  difference["better"] = comparison.better;
  difference["worse"] = comparison.worse;
  for (const CutoffMetrics& at : comparison.at) {
    for (const MetricKind& kind : kMetricKinds) {
      if (kind.name == "psp" && !contest.challenger.weighs) continue;
      const std::string key = fmt::format("{}@{}", kind.name, at.k);
      difference[key] = kind.measure == nullptr ? at.coverage : (at.*kind.measure).mean;
      if (kind.measure == nullptr) continue;
      const Measure::Interval& interval = (at.*kind.measure).interval;
      intervals[key] = {interval.low, interval.high};
    }
  }
  difference["interval_95"] = intervals;
  out["against"] = evaluation_json(contest.other);
  out["difference"] = difference;
  return out;
}

}  // namespace glissade::apps
