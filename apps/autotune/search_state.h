#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/autotune.h>
#include <glissade/result.h>

#include "apps/config/config_file.h"

namespace glissade::apps {

/// One training of a search, and what it scored on held-out rows.
struct Trial {
  Candidate candidate;
  std::uint32_t rung = 0;
  std::uint32_t split = 0;  ///< which held-out rows, and which seed
  double share = 0;         ///< of the rows to train on
  std::uint64_t rows = 0;   ///< trained on
  std::uint32_t epochs = 0;
  double seconds = 0;        ///< in all
  double fixed_seconds = 0;  ///< of these, for what does not grow with the rows trained on: the evaluation
  double score = 0;          ///< by the search's metric
  double low = 0, high = 0;  ///< 95 % interval of the score
  std::string lost;          ///< why there is no score; "" = there is one
  /// Of each row with a label that was scored, in the trials that decide: the metric is sum(gained) / sum(weight).
  std::vector<double> gained, weight;

  bool is_lost() const noexcept { return !lost.empty(); }
};

/// What a signal leaves once there is a trial, to end a line with.
inline constexpr const char* kTriedIsSaved = "what was tried is saved; go on with --resume";

/// What a search has done, and what must be as it was when it goes on. It lies beside the model, in MODEL.autotune, until
/// training is over. A search is a function of the trials so far: it is gone through again with those that are here.
struct SearchState {
  double minutes = 0;
  std::string monitor;  ///< as given; "" = not
  std::uint32_t patience = 0;
  double min_delta = 0;
  double holdout = 0;
  std::uint32_t holdout_last = 0;
  std::string preset;             ///< as given; "" = not
  std::vector<Setting> settings;  ///< options of the model that were given
  std::string config;             ///< the usual configuration, as text
  std::uint64_t data = 0;         ///< content of the rows
  std::vector<Trial> trials;

  static std::string path_for(const std::string& model_path) { return model_path + ".autotune"; }

  /// Error if the file is not there, or not one of these.
  static Result<SearchState> read(const std::string& path);
  /// Replaces the file as a whole.
  Result<void> write(const std::string& path) const;
};

/// Whether --resume goes on with a search: its file is newer than the model file and its checkpoints.
bool search_is_newest(const std::string& model_path);

}  // namespace glissade::apps
