#include "apps/evaluation/evaluation_text.h"

#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/console/numbers.h"

namespace glissade::apps {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds_per_sample(const Evaluation& evaluation) {
  return evaluation.metrics.samples == 0 ? 0 : 1e3 * evaluation.seconds / static_cast<double>(evaluation.metrics.samples);
}

/// Half of an interval, as a short sign of how sure a mean is.
std::string half_width(const Measure& measure) { return percent((measure.interval.high - measure.interval.low) / 2); }

void add_row(std::string& text, std::string_view name, const std::vector<std::string>& cells) {
  text += fmt::format("{:<6}", name);
  for (const std::string& cell : cells) text += fmt::format("{:>8}", cell);
  text += '\n';
}

void add_measures(std::string& text, std::string_view name, const std::vector<CutoffMetrics>& at, Measure CutoffMetrics::*of) {
  std::vector<std::string> means, sure;
  for (const CutoffMetrics& metrics : at) {
    means.push_back(percent((metrics.*of).mean));
    sure.push_back(half_width(metrics.*of));
  }
  add_row(text, name, means);
  add_row(text, "  +/-", sure);
}

/// What is shown where nothing is asked for.
void add_usual(std::string& text, const Evaluation& evaluation, bool weighs) {
  const Metrics& m = evaluation.metrics;
  add_measures(text, "P", evaluation.at, &CutoffMetrics::precision);
  for (const auto& [name, values] : {std::pair{"nDCG", &m.ndcg}, {"PSP", &m.psp}}) {
    if (values == &m.psp && !weighs) continue;
    std::vector<std::string> cells;
    for (const double value : *values) cells.push_back(percent(value));
    add_row(text, name, cells);
  }
}

double share(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

std::string range_text(const FrequencyBucket& bucket) {
  return bucket.least == bucket.most ? grouped(bucket.least) : fmt::format("{}-{}", grouped(bucket.least), grouped(bucket.most));
}

}  // namespace

std::string evaluation_table(const Scoring& scoring, const MetricChoice& metrics) {
  const Evaluation& evaluation = scoring.evaluation;
  std::string text;
  std::vector<std::string> heads;
  for (const CutoffMetrics& at : evaluation.at) heads.push_back(fmt::format("@{}", at.k));
  add_row(text, "", heads);
  if (metrics.empty()) add_usual(text, evaluation, scoring.weighs);
  for (const MetricKind* kind : metrics) {
    if (kind->name == "psp" && !scoring.weighs) continue;
    if (kind->measure != nullptr) {
      add_measures(text, kind->head, evaluation.at, kind->measure);
      continue;
    }
    std::vector<std::string> cells;
    for (const CutoffMetrics& at : evaluation.at) cells.push_back(percent(at.coverage));
    add_row(text, kind->head, cells);
  }
  const Metrics& m = evaluation.metrics;
  text += fmt::format("samples {}, without labels {}", grouped(m.samples), grouped(m.unlabelled));
  if (!scoring.search.empty())
    text += fmt::format(", search {}, {:.4f} ms/sample, labels scored {} %", scoring.search, milliseconds_per_sample(evaluation),
                        percent(evaluation.candidates_share));
  return text + '\n';
}

std::string frequency_table(const Evaluation& evaluation) {
  const auto scored = static_cast<double>(evaluation.metrics.samples - evaluation.metrics.unlabelled);
  std::string text = fmt::format("{:<17}{:>10}{:>10}", "training rows", "labels", "true");
  for (const char* const name : {"P", "R"}) {
    for (const CutoffMetrics& at : evaluation.at) text += fmt::format("{:>8}", fmt::format("{}@{}", name, at.k));
  }
  text += '\n';
  for (const FrequencyBucket& bucket : evaluation.by_frequency) {
    text += fmt::format("{:<17}{:>10}{:>10}", range_text(bucket), grouped(bucket.labels), grouped(bucket.true_labels));
    for (std::size_t i = 0; i < evaluation.at.size(); ++i)
      text += fmt::format("{:>8}", percent(static_cast<double>(bucket.found[i]) / (scored * evaluation.at[i].k)));
    for (const std::uint64_t found : bucket.found) text += fmt::format("{:>8}", percent(share(found, bucket.true_labels)));
    text += '\n';
  }
  return text;
}

Json evaluation_json(const Scoring& scoring) {
  const Evaluation& evaluation = scoring.evaluation;
  const Metrics& m = evaluation.metrics;
  Json out;
  out["samples"] = m.samples;
  out["unlabelled"] = m.unlabelled;
  if (!scoring.search.empty()) out["search"] = scoring.search;
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("p@{}", kCutoffs[i])] = m.precision[i];
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("ndcg@{}", kCutoffs[i])] = m.ndcg[i];
  if (scoring.weighs) {
    for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("psp@{}", kCutoffs[i])] = m.psp[i];
    out["propensity"] = {{"a", scoring.propensity.a}, {"b", scoring.propensity.b}};
  }
  Json intervals = Json::object();
  for (const CutoffMetrics& at : evaluation.at) {
    for (const MetricKind& kind : kMetricKinds) {
      if (kind.name == "psp" && !scoring.weighs) continue;
      const std::string key = fmt::format("{}@{}", kind.name, at.k);
      if (kind.measure == nullptr) {
        out[key] = at.coverage;
        continue;
      }
      const Measure& measure = at.*kind.measure;
      if (!out.contains(key)) out[key] = measure.mean;
      intervals[key] = {measure.interval.low, measure.interval.high};
    }
  }
  out["interval_95"] = intervals;
  if (!evaluation.by_frequency.empty()) out["by_frequency"] = Json::array();
  for (const FrequencyBucket& bucket : evaluation.by_frequency) {
    Json one = {{"least", bucket.least}, {"most", bucket.most}, {"labels", bucket.labels}, {"true", bucket.true_labels}};
    for (std::size_t i = 0; i < evaluation.at.size(); ++i) {
      one[fmt::format("answered@{}", evaluation.at[i].k)] = bucket.answered[i];
      one[fmt::format("found@{}", evaluation.at[i].k)] = bucket.found[i];
    }
    out["by_frequency"].push_back(std::move(one));
  }
  if (scoring.search.empty()) return out;
  out["seconds"] = evaluation.seconds;
  out["ms_per_sample"] = milliseconds_per_sample(evaluation);
  out["candidates_share"] = evaluation.candidates_share;
  return out;
}

}  // namespace glissade::apps
