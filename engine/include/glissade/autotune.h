#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <glissade/config.h>
#include <glissade/data_profile.h>

namespace glissade {

/// The parts of a search for a better configuration that are no trainings: what to try, with how much of the data, and whether a
/// gain on held-out rows is more than noise. Successive halving (Jamieson & Talwalkar 2016; Li et al. 2018): many configurations
/// on few rows, the better ones on more. `glissade train --autotune` puts trainings between them. All functions are pure and
/// thread-safe.

/// A configuration to try: what it has other than the usual one. Without anything it is the usual one.
struct Candidate {
  std::string preset = {};                                         ///< to start from instead of the usual one; "" = that
  std::vector<std::pair<std::string, std::string>> settings = {};  ///< option and text, for set_option(); over the preset

  bool is_usual() const noexcept { return preset.empty() && settings.empty(); }
  bool operator==(const Candidate&) const = default;
};

/// What a search may change.
struct SearchScope {
  std::string preset = {};              ///< the usual one; others of its kind are tried. "" = none is
  std::vector<std::string> fixed = {};  ///< options that stay as they are, by name
  ValueKind values = ValueKind::real;   ///< of the features: which weightings make a difference
};

/// The configurations to try beside `usual`, each with one idea: another preset, weighting, dropout, number of epochs, width,
/// rate, loss, fan-in, number of neighbours. In the order in which they are worth the time. Values are multiples of the usual
/// ones.
std::vector<Candidate> candidates(const Config& usual, const SearchScope& scope);

/// Both ideas at once. One that is the usual candidate where they exclude each other: two presets, or an option set twice.
Candidate combined(const Candidate& one, const Candidate& other);

/// The candidate as options of the command line, "--preset few-rows --epochs 24"; "" for the usual one.
std::string command_line(const Candidate& candidate);

/// How many challengers of the usual configuration each rung has, the last one included; that one takes part in all of them.
/// Empty: the time does not suffice for a comparison. `seconds` for all rungs, `trial_seconds` for the usual configuration on the
/// fewest rows that say something.
std::vector<std::size_t> plan_halving(double seconds, double trial_seconds, std::size_t candidates);

/// Share of the rows for the next rung, at most 1: what fits into its part of the time that is left. `rungs` are left, this one
/// included. All who take part in it take `fixed_seconds`, whatever the share (the evaluation), and `row_seconds` more on all
/// rows. The last rung gets the most time.
struct RungTime {
  double share = 0;
  double seconds = 0;  ///< that the rung may take
};
RungTime plan_rung(double seconds_left, std::size_t rungs, double fixed_seconds, double row_seconds);

/// Places of the `keep` largest of `scores`, the best first; of equal ones the first come first. NaN is none.
std::vector<std::size_t> best_places(std::span<const double> scores, std::size_t keep);

/// What a held-out row says of two models.
struct PairedRow {
  std::uint64_t group;  ///< rows of a group stand or fall together
  double gain;          ///< of the challenger's score over the other's
  double weight;        ///< of the row in the mean
};

/// A mean gain, sum(gain) / sum(weight), and how sure it is.
struct Gain {
  double mean = 0;
  double low = 0, high = 0;  ///< between these in 95 % of resamples
  double least = 0;          ///< above this in the wanted part of resamples
  std::size_t groups = 0;
  /// Whether it is more than noise. Few groups never are: a bootstrap knows too little of them.
  bool is_sure() const noexcept { return groups >= 30 && least > 0; }
};

/// The gain with its bounds, by a Poisson bootstrap over groups, 2,000 times, the same for the same rows. `confidence` is that of
/// Gain::least, one-sided, in (0, 1). Rows of a group need not be neighbours. O(2000 * groups).
Gain paired_gain(std::span<const PairedRow> rows, double confidence);

}  // namespace glissade
