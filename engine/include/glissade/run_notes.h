#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <glissade/row_pager.h>
#include <glissade/trainer.h>
#include <glissade/views.h>

namespace glissade {

/// The state of watching. It is saved with the model's training state, so that a resumed run stops where an unbroken one would.
struct EarlyStopState {
  std::string metric;  ///< "" = nothing is watched
  std::uint32_t patience = 0;
  double min_delta = 0;
  double best = 0;
  std::uint32_t best_epoch = 0;  ///< 0 = none yet
  std::uint32_t since_best = 0;  ///< evaluations
};

/// What a run keeps in its model file beside the training state (Model::run_notes()), as JSON: which rows it holds out, and how
/// early stopping stands. A file of an earlier version says less.
struct RunNotes {
  std::optional<double> holdout;              ///< share of the rows that is held out; missing: the file does not say
  std::optional<std::uint32_t> holdout_last;  ///< of sequences, likewise
  double time_share = 0;                      ///< of a log's events that are trained on; 0 = all
  EarlyStopState watch;                       ///< no metric: nothing is watched
  std::optional<EpochReport> unevaluated;     ///< the last epoch, where a signal came before what is watched was known
  std::uint64_t validation = 0;               ///< fingerprint of what epochs are evaluated on for the watch; 0 = unknown or none
  std::uint64_t rows = 0;                     ///< content of the training rows in any order, see unordered(); 0 = unknown
  std::uint64_t groups = 0;                   ///< content of --groups; 0 = unknown or none
  std::uint64_t label_text = 0;               ///< content of --label-text; 0 = none
  std::uint64_t name_rows = 0;                ///< labels' names among the training rows
  std::string repeated_rows;                  ///< what --repeated-rows was; "" = unknown, or there were none
  std::uint64_t text = 0;                     ///< content of the running text that is trained on; 0 = unknown or none

  /// Notes that are not ours, or damaged, say nothing.
  static RunNotes parse(const std::string& text);
  std::string json() const;
};

/// A number for the rows of `data` that does not depend on their order; 0 (unknown) for more than 2^30 entries. Rows that are
/// read go through the pager, if there is one. O(entries).
std::uint64_t unordered(const DatasetView& data, const RowPager* pager = nullptr) noexcept;

/// A number for a sequence of words. Never 0. O(words).
std::uint64_t content(std::span<const std::uint32_t> tokens) noexcept;

}  // namespace glissade
