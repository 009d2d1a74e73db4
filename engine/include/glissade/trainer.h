#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include <glissade/model.h>
#include <glissade/phases.h>
#include <glissade/result.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// Given to the progress callback a few times a second.
struct Progress {
  std::uint32_t epoch = 0;  ///< from 1
  std::uint64_t samples_done = 0;
  std::uint64_t samples_total = 0;
  double seconds = 0;  ///< in this epoch
  double samples_per_second = 0;
  double loss = 0;            ///< mean of the epoch so far
  double precision_at_1 = 0;  ///< of the training samples within their active sets, epoch so far
  double active_share = 0;    ///< scored rows per sample / L
};

struct EpochReport {
  std::uint32_t epoch = 0;
  std::uint64_t samples = 0;
  std::uint64_t steps = 0;
  double train_seconds = 0;  ///< wall time of the epoch, re-hashing included, reading and evaluation not
  PhaseSeconds phases;       ///< of these, by part of the step
  double samples_per_second = 0;
  double loss = 0;                    ///< mean over samples
  double precision_at_1 = 0;          ///< as in Progress
  double active_share = 0;            ///< mean over samples of the active set's size / L
  double rows_touched_share = 0;      ///< mean over steps of the output rows updated / L
  double features_touched_share = 0;  ///< mean over steps of the input rows updated / D
  std::uint64_t rows_rehashed = 0;
};

struct StepReport {
  double loss = 0;
  std::uint64_t rows_touched = 0;
};

/// Either may return false, which ends the call after the step at hand.
struct PassCallbacks {
  std::function<bool(const Progress&)> on_progress;  ///< a few times a second
  std::function<bool()> after_step;                  ///< after each step; the model may be saved in it
};

/// Trains a Model. One Trainer per Model at a time; it borrows the model, which must outlive it. While a call runs, no other
/// thread may use the model. Uses oneTBB with config.threads threads inside its own arena, which lives as long as the Trainer.
class Trainer {
 public:
  /// `samples_per_epoch` fixes the learning-rate schedule (config.epochs passes over that many samples). Fails if the model
  /// is not trainable or memory does not suffice.
  static Result<Trainer> create(Model& model, std::uint64_t samples_per_epoch);

  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;
  ~Trainer();

  /// One pass over `data` in an order drawn from (seed, epoch); the last, partial batch is trained too. Where a callback stops
  /// it, the pass does not count as done, and the next call, on this model or on one loaded from a file that was saved then, goes
  /// on after the last step; the report is about the whole pass, its times by phase about this call. Fails on ids beyond the
  /// model's shape, on other data than a pass was begun with, and when the loss stops being finite.
  Result<EpochReport> train_epoch(const DatasetView& data, const PassCallbacks& callbacks);
  Result<EpochReport> train_epoch(const DatasetView& data, std::function<bool(const Progress&)> on_progress = {}) {
    return train_epoch(data, PassCallbacks{std::move(on_progress), {}});
  }

  /// From the next call on, train_epoch() reads its data through `pager`, which must outlive it (null: directly) and whose rows
  /// must not change. With config.shuffle_block, rows are then held only while they are trained on.
  void read_through(const RowPager* pager) noexcept;

  /// One optimiser step on all of `batch` (for learning from a stream of events).
  Result<StepReport> train_step(const DatasetView& batch);

 private:
  class Impl;
  explicit Trainer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace glissade
