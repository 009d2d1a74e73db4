#include <glissade/autotune.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace glissade {
namespace {

constexpr std::size_t kKeptOf = 3;       ///< one of so many challengers goes on to the next rung
constexpr std::size_t kFewForThree = 4;  ///< challengers from which three rungs are worth it
constexpr double kNearlyAll = 0.9;       ///< such a share of the rows may as well be all

/// The first of `rungs` rungs gets this part of the time that is left, the last one what the others leave.
double part_of_time(std::size_t rungs) noexcept { return rungs <= 1 ? 1.0 : 1.0 / static_cast<double>(rungs + 1); }

/// Challengers that the first rung can try on the fewest rows.
std::size_t fits(double seconds, double trial_seconds, std::size_t rungs, std::size_t candidates) noexcept {
  const double trials = seconds * part_of_time(rungs) / trial_seconds;
  if (!(trials >= 2)) return 0;
  return std::min(candidates, static_cast<std::size_t>(std::min(trials, 1e6)) - 1);
}

std::size_t kept_of(std::size_t challengers) noexcept { return (challengers + kKeptOf - 1) / kKeptOf; }

}  // namespace

std::vector<std::size_t> plan_halving(double seconds, double trial_seconds, std::size_t candidates) {
  if (!(seconds > 0) || !(trial_seconds > 0)) return {};
  if (const std::size_t first = fits(seconds, trial_seconds, 3, candidates); first >= kFewForThree) {
    const std::size_t second = std::max<std::size_t>(2, kept_of(first));
    return {first, second, kept_of(second)};
  }
  if (const std::size_t first = fits(seconds, trial_seconds, 2, candidates); first >= 2) return {first, 1};
  if (fits(seconds, trial_seconds, 1, candidates) >= 1) return {1};
  return {};
}

RungTime plan_rung(double seconds_left, std::size_t rungs, double fixed_seconds, double row_seconds) {
  RungTime time;
  time.seconds = std::max(0.0, seconds_left) * part_of_time(rungs);
  // The last rung must come to its end: what is expected of it may be wrong by a tenth.
  const double expected = rungs <= 1 ? 0.9 * time.seconds : time.seconds;
  time.share = row_seconds > 0 ? std::clamp((expected - fixed_seconds) / row_seconds, 0.0, 1.0) : 1.0;
  if (time.share >= kNearlyAll) time.share = 1;
  return time;
}

std::vector<std::size_t> best_places(std::span<const double> scores, std::size_t keep) {
  std::vector<std::size_t> places(scores.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::erase_if(places, [&](std::size_t place) { return std::isnan(scores[place]); });
  std::ranges::stable_sort(places, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  if (places.size() > keep) places.resize(keep);
  return places;
}

}  // namespace glissade
