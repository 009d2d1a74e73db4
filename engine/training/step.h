#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/result.h>
#include <glissade/trainer.h>

#include "engine/batches/batch_ahead.h"
#include "engine/layers/row_groups.h"
#include "engine/model/impl.h"
#include "engine/output/output_path.h"
#include "engine/parameters/block_changes.h"
#include "engine/parameters/gradient_store.h"
#include "engine/samplers/cluster_index.h"
#include "engine/training/row_sharing.h"
#include "engine/training/sample_sharing.h"

namespace glissade {

/// One training step, front to back: gather, forward, active sets, loss and output update, backward through the hidden layers,
/// input update, re-hash. Buffers are kept from step to step.
class TrainingStep {
 public:
  struct Report {
    OutputReport output;
    PhaseSeconds phases;
    std::uint64_t features_touched = 0;
    std::uint64_t rows_rehashed = 0;
    bool ok = true;
    std::optional<Error> error;  ///< of the communication; other ranks may have gone on, so training cannot
  };

  /// What a step is about. `next` are the samples of the step that will follow, if known: they are copied meanwhile.
  struct Plan {
    std::span<const std::uint32_t> rows;
    std::span<const std::uint32_t> next;
    double learning_rate;
    float correction = 1;     ///< strength, see Sampler::set_correction; the config's `off` stays off
    bool all_travel = false;  ///< where ranks choose which gradients travel: all do
    double done = 1;          ///< part of the training that is done; connections change in its first three quarters
  };

  /// With `ranks`, which must outlive it, the parts of each step are shared among them; all call run() with the same plan.
  explicit TrainingStep(Model::Impl& model, Communicator* ranks = nullptr, const Sharing& sharing = {});

  /// Null where no ranks share the samples of steps.
  SampleSharing* sample_sharing() noexcept { return sample_sharing_.get(); }
  /// Null where no ranks share the rows out.
  RowSharing* row_sharing() noexcept { return row_sharing_.get(); }

  bool is_shared() const noexcept { return sample_sharing_ || row_sharing_; }
  /// Whether this rank goes through the sample at a position of a pass over `samples` samples.
  bool goes_through(std::size_t position, std::size_t samples) const noexcept;
  /// What counts only where ranks share steps.
  StopWish& stop_wish() noexcept { return stop_wish_; }

  /// Brings the tables to the state that every epoch starts with: a function of the weights, the epoch and the number of samples
  /// alone. Returns the seconds it took.
  double begin_epoch(std::uint64_t samples);

  /// Instead of begin_epoch(), where one goes on in its midst: the tables are as they were left or loaded.
  void resume_epoch() { follow_counts(); }

  /// Draws by frequency and weights of labels are by the model's counts as they are now.
  void follow_counts();

  /// Trains on samples plan.rows[0], plan.rows[1], ... of `data` (checked by the caller).
  Report run(const DatasetView& data, const Plan& plan);

 private:
  /// Forward, loss and backward on some samples; `part` counts those of a step.
  struct Part {
    std::span<const std::uint32_t> rows, next;
    std::uint64_t next_step;
    std::uint64_t part;
  };
  void run_part(const DatasetView& data, const Part& part, const RowOptimizer& optimizer, Report& report);
  void run_parts(const DatasetView& data, const Plan& plan, const RowOptimizer& optimizer, Report& report);
  void change_blocks(const RowChanges& changes);
  void exchange(std::size_t last_samples, bool all_travel, Report& report);
  void share(OutputReport& output, Report& report);
  double measure(const GradientStore& gradients, bool wants_norm, Report& report);
  void advance_tables(std::size_t samples, Report& report);
  std::size_t parts_of(std::span<const std::uint32_t> rows) const noexcept;
  std::span<const std::uint32_t> part_of(std::span<const std::uint32_t> rows, std::size_t part) const noexcept;
  std::span<const std::uint32_t> first_own(std::span<const std::uint32_t> rows) const noexcept;
  Batch::Dropout feature_dropout(std::uint64_t step) const noexcept;
  bool backward(const Batch& batch, const RowOptimizer& optimizer, PhaseSeconds& phases);
  void hash_hidden();

  Model::Impl& model_;
  LabelIndex* index_ = nullptr;       ///< null unless the sampler uses tables
  ClusterIndex* clusters_ = nullptr;  ///< null unless the sampler uses a learned table
  bool by_rank_ = false;              ///< the sampler is over the rows of this rank alone, see OwnSets
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<OutputPath> output_;
  std::unique_ptr<GradientStore> gradient_store_;  ///< null where each gradient is applied at once
  std::unique_ptr<BlockChanges> block_changes_;    ///< null where no label rows share connections
  StopWish stop_wish_;
  std::unique_ptr<SampleSharing> sample_sharing_;  ///< null where the samples are this process's alone
  std::unique_ptr<RowSharing> row_sharing_;        ///< null where the rows are
  BatchAhead batches_;
  std::vector<Activations> hidden_;
  std::vector<Array<float>> gradients_;  ///< by the output of each hidden layer
  std::vector<std::uint32_t> codes_;
  std::size_t codes_stride_ = 0;
  std::size_t asking_ = 0;  ///< samples whose codes these are
  RowGroups feature_groups_;
  std::vector<float> label_weights_;   ///< by label; empty: equal
  std::vector<float> target_weights_;  ///< of the batch's labels
};

}  // namespace glissade
