#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <glissade/autotune.h>
#include <glissade/config.h>
#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/autotune/search_state.h"
#include "apps/autotune/trial.h"
#include "apps/autotune/tuning_rows.h"
#include "apps/training/event_log.h"

namespace glissade::apps {

/// What a search is about, and how the command makes what it tries.
struct SearchTask {
  std::vector<Candidate> candidates;  ///< beside the usual one
  std::string metric;
  std::string path;  ///< of its state
  bool quiet = false;
  std::function<Result<Config>(const Candidate&)> config_of;  ///< the usual one for the usual candidate
  std::function<Result<Model>(const Config&)> make_model;
  const NameFeatures* label_words = nullptr;  ///< as TrialSettings has them
};

/// What a search has found.
struct SearchResult {
  Candidate best;        ///< the usual one unless another is surely better
  std::string how_sure;  ///< a line about it
  double seconds = 0;    ///< that training on all rows may take; 0 = unknown
};

/// The search of --autotune by successive halving: trainings on shares of the rows, one after the other, until the minutes are
/// over. Each is written to the state; those that are there already are not done again. All that is decided follows from the
/// trials and their times.
class Search {
 public:
  /// All arguments must outlive it.
  Search(const SearchTask& task, TuningRows& rows, SearchState& state, EventLog& log);

  /// An error if the state is of another search.
  Result<SearchResult> run();

 private:
  struct Contestant {
    Candidate candidate;
    std::optional<Trial> last;  ///< of the rung before
  };
  struct Rung {
    std::uint32_t number;
    double share;
    double until;  ///< seconds of the search
    bool decides;
  };
  Result<void> probe();
  Result<void> run_rungs(const std::vector<std::size_t>& challengers);
  Result<void> run_rung(const Rung& rung);
  Result<void> repeat_deciding(const Rung& rung);
  void keep_best(std::size_t keep, bool add_combined);
  Result<Trial> try_out(const Candidate& candidate, const Rung& rung, std::uint32_t split, double limit);
  void record(const Trial& trial);
  Rung plan(std::uint32_t number, std::size_t left) const;
  /// Seconds that a contestant takes: whatever it is trained on, and on all rows beyond that.
  struct Cost {
    double fixed, rows;
  };
  Cost cost_of(const Contestant& contestant) const;
  double full_seconds(const Contestant& contestant) const;
  SearchResult result() const;
  void tell(const Trial& trial, bool known) const;
  void tell_beginning();

  const SearchTask& task_;
  TuningRows& rows_;
  SearchState& state_;
  EventLog& log_;
  MetricPlace metric_;
  std::vector<Contestant> field_;  ///< the usual one first
  std::vector<Trial> decisive_;    ///< of the last rung
  std::size_t done_ = 0;           ///< trials, known ones included
  double spent_ = 0;               ///< seconds of these
  double last_share_ = 0;
  bool saves_ = true;
  std::size_t name_width_ = 0;  ///< of the table of trials
};

}  // namespace glissade::apps
