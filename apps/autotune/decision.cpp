#include "apps/autotune/decision.h"

#include <algorithm>

#include <fmt/format.h>

#include "apps/autotune/trial.h"
#include "apps/console/numbers.h"

namespace glissade::apps {
namespace {

constexpr double kRisk = 0.1;  ///< that noise replaces the usual configuration

/// Candidates with a trial on the first split.
std::vector<Candidate> challengers_of(const std::vector<Trial>& trials) {
  std::vector<Candidate> challengers;
  for (const Trial& trial : trials) {
    if (!trial.candidate.is_usual() && trial.split == 0 && !trial.is_lost()) challengers.push_back(trial.candidate);
  }
  return challengers;
}

/// Rows on which both the challenger and the usual configuration were scored, on all splits.
std::vector<PairedRow> pairs_of(const Candidate& challenger, const std::vector<Trial>& trials, const TuningRows& rows) {
  std::vector<PairedRow> pairs;
  for (const Trial& trial : trials) {
    if (trial.candidate != challenger || trial.is_lost()) continue;
    const auto usual = std::ranges::find_if(
        trials, [&](const Trial& one) { return one.candidate.is_usual() && one.split == trial.split && !one.is_lost(); });
    if (usual != trials.end()) append_pairs(trial, *usual, rows.to_decide(trial.split), pairs);
  }
  return pairs;
}

}  // namespace

Decision decide(const std::vector<Trial>& trials, const TuningRows& rows, const std::string& metric) {
  const std::vector<Candidate> challengers = challengers_of(trials);
  Candidate best;
  Gain most;
  std::size_t compared = 0;
  for (const Candidate& challenger : challengers) {
    const std::vector<PairedRow> pairs = pairs_of(challenger, trials, rows);
    if (pairs.empty()) continue;
    // Each of several challengers is another chance for luck (Bonferroni).
    const Gain gain = paired_gain(pairs, 1 - kRisk / static_cast<double>(challengers.size()));
    if (compared > 0 && gain.mean <= most.mean) continue;
    best = challenger;
    most = gain;
    compared = pairs.size();
  }
  if (compared == 0) return {};
  const std::string gain_text = fmt::format("{} gains {} ({} .. {}) {} on {} held-out rows", command_line(best),
                                            percent(most.mean), percent(most.low), percent(most.high), metric, grouped(compared));
  if (most.is_sure()) return {best, gain_text + ": more than noise, by a one-sided test at 90 %"};
  return {{}, gain_text + ": no more than noise, so the usual settings stay"};
}

}  // namespace glissade::apps
