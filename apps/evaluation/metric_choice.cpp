#include "apps/evaluation/metric_choice.h"

#include <algorithm>

#include <fmt/format.h>

#include "apps/config/number_option.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

/// Calls visit(part) for what stands between commas, until it says what is wrong.
template <class Visit>
std::string for_each_part(std::string_view text, const Visit& visit) {
  for (;;) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (std::string wrong = visit(text.substr(0, end)); !wrong.empty()) return wrong;
    if (end == text.size()) return {};
    text.remove_prefix(end + 1);
  }
}

}  // namespace

const MetricKind* find_metric(std::string_view name) noexcept {
  const auto* const kind = std::ranges::find(kMetricKinds, name, &MetricKind::name);
  return kind == kMetricKinds.end() ? nullptr : kind;
}

std::string read_metrics(std::string_view text, MetricChoice& out) {
  out.clear();
  const std::string wrong = for_each_part(text, [&out](std::string_view part) -> std::string {
    if (part == "all") {
      for (const MetricKind& kind : kMetricKinds) out.push_back(&kind);
      return {};
    }
    if (const MetricKind* const kind = find_metric(part); kind != nullptr) {
      out.push_back(kind);
      return {};
    }
    std::string names;
    for (const MetricKind& kind : kMetricKinds) names += fmt::format("{}, ", kind.name);
    return fmt::format("{} is no metric; allowed: {}all", datasets::quoted(part), names);
  });
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return wrong;
}

std::string read_cutoffs(std::string_view text, std::vector<std::uint32_t>& out) {
  constexpr Limits<std::uint32_t> kLimits{1, 1000};
  out.clear();
  const std::string wrong = for_each_part(text, [&](std::string_view part) {
    std::uint32_t cutoff = 0;
    std::string why = read_number(part, kLimits, cutoff);
    out.push_back(cutoff);
    return why;
  });
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return wrong;
}

MetricChoice usual_metrics() { return {find_metric("p"), find_metric("recall"), find_metric("hr"), find_metric("ndcg")}; }

MetricChoice default_metrics() { return {find_metric("p"), find_metric("ndcg"), find_metric("psp")}; }

bool chooses(const MetricChoice& metrics, std::string_view name) noexcept {
  return std::ranges::any_of(metrics, [name](const MetricKind* kind) { return kind->name == name; });
}

}  // namespace glissade::apps
