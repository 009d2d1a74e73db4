#include "apps/autotune/search.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/autotune/decision.h"
#include "apps/autotune/search_report.h"
#include "apps/console/interrupt.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/progress.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

constexpr double kProbeRows = 2000, kProbeShare = 1.0 / 32;  ///< on which the usual configuration's time is measured
constexpr double kLeastRows = 1000, kLeastShare = 1.0 / 16;  ///< what is learned from fewer says too little of all rows
constexpr double kUsualLimit = 4;                            ///< a candidate may take so many times as long as the usual one
constexpr double kNewCost = 1.3;        ///< what a candidate takes that was not tried, in times of the usual one
constexpr double kOverrun = 1.4;        ///< of a rung's time, after which no more candidates are tried
constexpr double kRepeatReserve = 1.1;  ///< of the time that a repetition is expected to take

}  // namespace

Search::Search(const SearchTask& task, TuningRows& rows, SearchState& state, EventLog& log)
    : task_(task), rows_(rows), state_(state), log_(log), metric_(*metric_place(task.metric)) {
  field_.emplace_back();
  for (const Candidate& candidate : task.candidates) field_.push_back({candidate, {}});
}

Result<SearchResult> Search::run() {
  if (!task_.quiet) tell_beginning();
  if (auto probed = probe(); !probed) return probed.error();
  const Trial& first = *field_.front().last;
  std::vector<std::size_t> challengers;
  if (!first.is_lost()) {
    const double full = full_seconds(field_.front());
    if (!task_.quiet) note(fmt::format("autotune: the usual settings would take about {} on all rows", duration_text(full)));
    last_share_ = std::min(1.0, std::max(kLeastShare, kLeastRows / static_cast<double>(rows_.trainable())));
    const Cost cost = cost_of(field_.front());
    challengers = plan_halving(60 * state_.minutes - spent_, cost.fixed + last_share_ * cost.rows, task_.candidates.size());
  }
  if (auto done = run_rungs(challengers); !done) return done.error();
  return result();
}

/// Measures what the usual configuration takes.
Result<void> Search::probe() {
  const double rows = static_cast<double>(rows_.trainable());
  const double share = std::min({1.0, rows_.most(), std::max(kProbeRows / rows, kProbeShare)});
  const Rung rung{0, share, 60 * state_.minutes, false};
  auto trial = try_out({}, rung, 0, rung.until);
  if (!trial) return trial.error();
  field_.front().last = std::move(*trial);
  return {};
}

/// What a contestant would take on all rows, as far as is known.
Search::Cost Search::cost_of(const Contestant& contestant) const {
  const std::optional<Trial>& last = contestant.last ? contestant.last : field_.front().last;
  const double factor = contestant.last ? 1.0 : kNewCost;
  const double grows = std::max(0.0, last->seconds - last->fixed_seconds) / std::max(last->share, 1e-9);
  return {factor * last->fixed_seconds, factor * grows};
}

double Search::full_seconds(const Contestant& contestant) const {
  const Cost cost = cost_of(contestant);
  return cost.fixed + cost.rows;
}

Search::Rung Search::plan(std::uint32_t number, std::size_t left) const {
  const bool decides = left == 1;
  // More rows are scored where it is decided.
  const double scored =
      !decides ? 1.0
               : static_cast<double>(rows_.to_decide(0).view().size()) / static_cast<double>(rows_.to_choose().view().size());
  double fixed = 0, rest = 0;
  for (const Contestant& contestant : field_) {
    const Cost cost = cost_of(contestant);
    fixed += scored * cost.fixed;
    rest += cost.rows;
  }
  const RungTime time = plan_rung(60 * state_.minutes - spent_, left, fixed, rest);
  double share = std::min(rows_.most(), std::max(time.share, last_share_));
  // A search that goes on keeps to what it had planned. Where all took their trials along, there is none of the rung.
  if (done_ < state_.trials.size()) share = state_.trials[done_].rung == number ? state_.trials[done_].share : last_share_;
  return {number, share, decides ? 60 * state_.minutes : spent_ + kOverrun * time.seconds, decides};
}

Result<void> Search::run_rungs(const std::vector<std::size_t>& challengers) {
  for (std::size_t i = 0; i < challengers.size(); ++i) {
    if (i == 0) {
      field_.resize(std::min(field_.size(), 1 + challengers[0]));
    } else {
      keep_best(challengers[i], i + 1 < challengers.size());
    }
    if (field_.size() < 2) return {};
    const Rung rung = plan(static_cast<std::uint32_t>(i + 1), challengers.size() - i);
    if (auto done = run_rung(rung); !done) return done;
    if (field_.front().last->is_lost()) return {};
    last_share_ = rung.share;
    if (!rung.decides) continue;
    if (auto done = repeat_deciding(rung); !done) return done;
  }
  return {};
}

/// The usual configuration first: what it takes limits the others.
Result<void> Search::run_rung(const Rung& rung) {
  std::vector<Contestant> tried;
  for (Contestant& contestant : field_) {
    const bool usual = contestant.candidate.is_usual();
    // With all rows a rung before, the same training would come out.
    if (!rung.decides && contestant.last && contestant.last->share == rung.share) {
      tried.push_back(std::move(contestant));
      continue;
    }
    if (!usual && spent_ >= rung.until) break;
    const double limit = usual ? 60 * state_.minutes - spent_
                               : std::min(rung.until - spent_, std::max(2.0, kUsualLimit * tried.front().last->seconds));
    auto trial = try_out(contestant.candidate, rung, 0, limit);
    if (!trial) return trial.error();
    if (rung.decides) decisive_.push_back(*trial);
    tried.push_back({std::move(contestant.candidate), std::move(*trial)});
    if (usual && tried.front().last->is_lost()) break;
  }
  field_ = std::move(tried);
  return {};
}

/// Once more, with other rows and another seed, for those who were ahead: as often as there is time.
Result<void> Search::repeat_deciding(const Rung& rung) {
  for (std::uint32_t split = 1; split < TuningRows::kSplits; ++split) {
    const double usual_score = field_.front().last->score;
    std::erase_if(field_, [&](const Contestant& contestant) {
      return !contestant.candidate.is_usual() && (contestant.last->is_lost() || contestant.last->score <= usual_score);
    });
    double expected = 0;
    for (const Contestant& contestant : field_) expected += contestant.last->seconds;
    if (field_.size() < 2 || spent_ + kRepeatReserve * expected > rung.until) return {};
    for (const Contestant& contestant : field_) {
      auto trial = try_out(contestant.candidate, rung, split, rung.until - spent_);
      if (!trial) return trial.error();
      decisive_.push_back(std::move(*trial));
    }
  }
  return {};
}

/// The usual configuration and the best others. Ideas that did well alone are tried together, too.
void Search::keep_best(std::size_t keep, bool add_combined) {
  std::vector<double> scores;
  for (std::size_t i = 1; i < field_.size(); ++i) {
    const Trial& trial = *field_[i].last;
    scores.push_back(trial.is_lost() ? std::numeric_limits<double>::quiet_NaN() : trial.score);
  }
  std::vector<Contestant> kept{std::move(field_.front())};
  const double usual_score = kept.front().last->score;
  Candidate together;
  std::size_t ideas = 0;
  std::vector<Contestant> mixed;
  for (const std::size_t place : best_places(scores, keep)) {
    const Candidate& candidate = field_[place + 1].candidate;
    if (add_combined && scores[place] > usual_score && ideas < 3) {
      Candidate more = combined(together, candidate);
      if (ideas == 0 || !more.is_usual()) {
        together = std::move(more);
        if (++ideas > 1) mixed.push_back({together, {}});
      }
    }
    kept.push_back(std::move(field_[place + 1]));
  }
  std::ranges::move(mixed, std::back_inserter(kept));
  field_ = std::move(kept);
}

/// A trial that the state has is taken from there.
Result<Trial> Search::try_out(const Candidate& candidate, const Rung& rung, std::uint32_t split, double limit) {
  if (done_ < state_.trials.size()) {
    const Trial& known = state_.trials[done_];
    if (known.candidate != candidate || known.rung != rung.number || known.split != split)
      return runtime_error(
          fmt::format("the search {} is of another version; start it anew without --resume", datasets::quoted(task_.path)));
    ++done_;
    spent_ += known.seconds;
    tell(known, true);
    return known;
  }
  Trial trial;
  trial.candidate = candidate;
  trial.rung = rung.number;
  trial.split = split;
  trial.share = rung.share;
  auto config = task_.config_of(candidate);
  if (config) {
    config->run.seed += split;
    const auto start = std::chrono::steady_clock::now();
    const TuningRows::Trained& trained = rows_.train_on(rung.share, split);
    const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ProgressLine line(config->training.epochs, task_.quiet || ::isatty(STDERR_FILENO) == 0);
    const TrialSettings settings{.metric = metric_,
                                 .seconds = limit,
                                 .keep_rows = rung.decides,
                                 .make_model = task_.make_model,
                                 .label_words = task_.label_words,
                                 .on_progress = [&](const Progress& now) { line.show(now); }};
    run_trial(*config, trained.view, rung.decides ? rows_.to_decide(split) : rows_.to_choose(), settings, trial);
    line.clear();
    trial.seconds += waited;
    trial.fixed_seconds += waited;
  } else {
    trial.lost = config.error().message;
  }
  record(trial);
  tell(trial, false);
  return trial;
}

/// A search that cannot be saved goes on, as a training does.
void Search::record(const Trial& trial) {
  spent_ += trial.seconds;
  state_.trials.push_back(trial);
  done_ = state_.trials.size();
  log_.write(trial_json(trial, task_.metric));
  if (!saves_) return;
  if (const auto written = state_.write(task_.path); !written) {
    complain(written.error().message + "; the search goes on, and cannot be resumed");
    saves_ = false;
    return;
  }
  InterruptGuard::nothing_to_save_while("trying settings", kTriedIsSaved);
}

void Search::tell(const Trial& trial, bool known) const {
  if (task_.quiet) return;
  note(trial_row(trial, name_width_) + (known ? ", known" : ""));
}

void Search::tell_beginning() {
  const std::string goes_on = state_.trials.empty() ? "" : fmt::format(", {} trials are known", state_.trials.size());
  note(
      fmt::format("autotune: {} settings, at most {}, by {} on held-out rows, {} to choose and {} to decide{}; then training on "
                  "all rows",
                  task_.candidates.size(), duration_text(60 * state_.minutes), task_.metric,
                  grouped(rows_.to_choose().view().size()), grouped(rows_.to_decide(0).view().size()), goes_on));
  for (const Candidate& candidate : task_.candidates) name_width_ = std::max(name_width_, trial_name(candidate).size());
  note(trial_head(task_.metric, name_width_));
}

SearchResult Search::result() const {
  const Contestant& usual = field_.front();
  if (usual.last->is_lost())
    return {{}, fmt::format("nothing could be compared, the usual settings were lost: {}", usual.last->lost), 0};
  const Decision decision = decide(decisive_, rows_, task_.metric);
  if (decision.why.empty())
    return {{},
            fmt::format("the time did not suffice for a comparison; give more than {} minutes", state_.minutes),
            full_seconds(usual)};
  const auto decisive =
      std::ranges::find_if(decisive_, [&](const Trial& trial) { return trial.candidate == decision.best && !trial.is_lost(); });
  return {decision.best, decision.why, full_seconds({decision.best, *decisive})};
}

}  // namespace glissade::apps
