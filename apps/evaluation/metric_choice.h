#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/metrics.h>

namespace glissade::apps {

/// A metric that `eval` reports at each cut-off.
struct MetricKind {
  std::string_view name;                      ///< in --metrics, and before @k in JSON
  std::string_view head;                      ///< in tables
  Measure CutoffMetrics::*measure = nullptr;  ///< null: coverage, which is no mean over samples
};

inline constexpr std::array<MetricKind, 8> kMetricKinds = {{{"p", "P", &CutoffMetrics::precision},
                                                            {"recall", "R", &CutoffMetrics::recall},
                                                            {"hr", "HR", &CutoffMetrics::hit_rate},
                                                            {"ndcg", "nDCG", &CutoffMetrics::ndcg},
                                                            {"f1", "F1", &CutoffMetrics::f1},
                                                            {"mrr", "MRR", &CutoffMetrics::mrr},
                                                            {"psp", "PSP", &CutoffMetrics::psp},
                                                            {"coverage", "Cov", nullptr}}};

using MetricChoice = std::vector<const MetricKind*>;

/// The kind of that name; null if there is none.
const MetricKind* find_metric(std::string_view name) noexcept;

/// "recall,ndcg", or "all": kinds in the order of kMetricKinds, each once. What is wrong with it otherwise.
std::string read_metrics(std::string_view text, MetricChoice& out);

/// "5,10,20" as numbers, ascending, each once. What is wrong with it otherwise.
std::string read_cutoffs(std::string_view text, std::vector<std::uint32_t>& out);

/// P, recall, hit rate and nDCG: what is printed at cut-offs that are asked for.
MetricChoice usual_metrics();

/// P, nDCG and PSP: what is printed where nothing is asked for.
MetricChoice default_metrics();

bool chooses(const MetricChoice& metrics, std::string_view name) noexcept;

}  // namespace glissade::apps
