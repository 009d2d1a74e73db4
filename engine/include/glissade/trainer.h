#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/label_names.h>
#include <glissade/model.h>
#include <glissade/phases.h>
#include <glissade/result.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// Given to the progress callback a few times a second, whatever the trainer is busy with.
struct Progress {
  Activity activity = Activity::steps;
  double activity_share = 0;  ///< how much of the activity is done, 0 .. 1
  double seconds_left = -1;   ///< estimate for all epochs that the config still wants, evaluation not included; < 0: unknown
  std::uint32_t epoch = 0;    ///< from 1
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
  std::uint64_t call_steps = 0;            ///< of this call of train_epoch(), which may have gone on with the epoch
  std::vector<CommunicationCounts> ranks;  ///< by rank, in these steps; empty: one process alone
};

struct StepReport {
  double loss = 0;
  std::uint64_t rows_touched = 0;
};

/// Either may return false, which ends the call after the step at hand, or within some tenths of a second in other activities.
struct PassCallbacks {
  std::function<bool(const Progress&)> on_progress;  ///< a few times a second; from any thread, by one at a time
  std::function<bool()> after_step;                  ///< after each step; the model may be saved in it
};

/// How a trainer learns from a stream of batches, which has no epochs and no end.
struct StreamOptions {
  double learning_rate =
      0;  ///< stays up for ever; 0 = config.optimizer.learning_rate. Config::decay and warmup mean nothing here
  std::uint64_t warmup_steps = 100;  ///< steps over which the rate rises linearly from 0
};

/// How several processes share a training.
enum class Distribution {
  data,    ///< each has the whole model, and goes through a part of each step's samples
  labels,  ///< each has a part of the rows of features and labels, and goes through all samples
};

/// Usage error where `config` asks for what needs all rows in one place, and so cannot be trained with Distribution::labels:
/// sampler lsh-label, batches of similar samples, products by oneDNN.
Result<void> check_labels_distributable(const Config& config);

/// Which gradients travel where ranks share steps.
enum class Communicate {
  dense,   ///< those of all rows, whether a step touched them or not: what one measures the others by
  sparse,  ///< those of the rows that a step touched, from each rank to each other one
  coarse,  ///< of the touched rows those that weigh most, added up on the way; the others wait until they do
};

/// How ranks share a training. Part of no model.
struct Sharing {
  Communicate communicate = Communicate::sparse;  ///< of Distribution::data, as is `share`
  Wire wire = Wire::fp32;
  /// coarse: part of the touched rows whose gradients travel in a step, in (0, 1]. All do in the steps of the warm-up
  /// (config.schedule.warmup), in the last one of a pass and in the one after which a callback stops it: so no gradient is lost
  /// there. A checkpoint within a pass holds none of those that wait.
  double share = 0.1;
  Distribution distribution = Distribution::data;
};

/// Trains a Model. One Trainer per Model at a time; it borrows the model, which must outlive it. While a call runs, no other
/// thread may use the model. Uses oneTBB with config.run.threads threads inside its own arena, which lives as long as the
/// Trainer.
class Trainer {
 public:
  /// For epochs. `samples_per_epoch`, at least 1, fixes the schedule of learning rate, correction and averaging
  /// (config.training.epochs passes over that many samples), also for single calls of train_step(). Fails if the model is not
  /// trainable or memory does not suffice.
  static Result<Trainer> create(Model& model, std::uint64_t samples_per_epoch);

  /// The same for one of several processes that train copies of one model on the same data: `ranks`, which must outlive the
  /// trainer. Each goes through some parts of each step (config.training.accumulate and parts; usage error if these are fewer
  /// than the ranks); the gradients of all rows that a step touches travel, and every rank applies all. So the models stay the
  /// same, to the bit, which the end of each pass checks. The work on sparse paths is shared out, too; all else every rank
  /// computes for itself: the models and the data must be the same, and so must the instruction set. Callbacks may differ: where
  /// one rank's returns false, all ranks stop after the following step, and in other activities not before the next steps. Every
  /// call of train_epoch() and train_step() is collective.
  ///
  /// With Distribution::labels the rows of features and labels are shared out instead, and every rank goes through all samples
  /// with its rows. What travels are sums of the hidden layer and its gradients, 4 * batch * width floats a step less a rank's
  /// own part, and a few numbers a sample, whatever the numbers of features and labels. Sparse paths are whole on all ranks; what
  /// weighs them is rank 0's alone. Usage error where check_labels_distributable() has one. Results differ from those of another
  /// number of ranks by the rounding of sums, or, where a sampler looks for rows, as by another seed.
  static Result<Trainer> create_among(Communicator& ranks, Model& model, std::uint64_t samples_per_epoch,
                                      const Sharing& sharing = {});

  /// For a stream of batches, by train_step() alone. Fails, beyond what create() fails for, where the config asks for what a
  /// stream cannot give: `start centroids` and `average` (they need a data set or an end), `correction rising`, and sparse paths
  /// that the model does not have yet (they are built from a data set). Sparse paths that are there stay as they are.
  static Result<Trainer> for_stream(Model& model, const StreamOptions& options = {});

  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;
  ~Trainer();

  /// One pass over `data` in an order drawn from (seed, epoch); the last, partial batch is trained too. Where a callback stops
  /// it, the pass does not count as done, and the next call, on this model or on one loaded from a file that was saved then, goes
  /// on after the last step; the report is about the whole pass, its times by phase about this call. Stopped before the first
  /// step, nothing of the pass is kept (Model::pass_done() is 0); stopped while the paths are weighed, all of its samples are
  /// done, and what is left to do is the weighing.
  ///
  /// All passes of a model are over the same rows in the same order: other data are refused, by Model::data_fingerprint(). To go
  /// on with new data see Model::create_from(). Fails too on an illegal view (check_view in engine/batches/batch.h: ids beyond
  /// the view's counts or the model's shape, an id twice in a row, values that are not finite), and when the loss, a weight or
  /// anything that is learned beside them stops being finite; the model is then not to be used any more.
  Result<EpochReport> train_epoch(const DatasetView& data, const PassCallbacks& callbacks);
  Result<EpochReport> train_epoch(const DatasetView& data, std::function<bool(const Progress&)> on_progress = {}) {
    return train_epoch(data, PassCallbacks{std::move(on_progress), {}});
  }

  /// From the next call on, train_epoch() reads its data through `pager`, which must outlive it (null: directly) and whose rows
  /// must not change. With config.training.shuffle_block, rows are then held only while they are trained on.
  void read_through(const RowPager* pager) noexcept;

  /// What labels are called, for their match with samples (config.candidates.name_match), is from the next call on `words`, which
  /// must outlive it: texts of labels, cut as the samples' were. Null: words of the model's names. Counts where paths are built,
  /// at the beginning of the first pass.
  void know_labels(const NameFeatures* words) noexcept;

  /// One optimiser step on all of `batch` (for learning from a stream of events). Counts the batch's labels in
  /// Model::label_counts(); draws by frequency and weights by propensity follow the counts, renewed whenever these have grown by
  /// a tenth. Costs, beside the step, a pass over the counts at each such moment.
  Result<StepReport> train_step(const DatasetView& batch);

 private:
  class Impl;
  explicit Trainer(std::unique_ptr<Impl> impl);
  static Result<Trainer> make(Model& model, std::uint64_t samples_per_epoch, const StreamOptions* stream,
                              Communicator* ranks = nullptr, const Sharing& sharing = {});
  std::unique_ptr<Impl> impl_;
};

}  // namespace glissade
