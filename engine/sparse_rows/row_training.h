#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <glissade/config.h>
#include <glissade/views.h>

#include "engine/candidates/feature_index.h"
#include "engine/candidates/feature_weights.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/candidates/spread_sample.h"
#include "engine/losses/loss.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_optimizer.h"
#include "engine/sparse_rows/label_rows.h"
#include "engine/sparse_rows/piece_groups.h"
#include "engine/sparse_rows/row_candidates.h"
#include "engine/sparse_rows/row_topology.h"
#include "engine/sparse_rows/sample_blocks.h"
#include "engine/sparse_rows/shared_loss.h"

namespace glissade {

/// What going on training sparse rows needs besides them; empty where they were not trained, or will not be.
struct SparseRowState {
  Array<std::uint16_t> low;     ///< the entries' lower halves (ParameterRows)
  Array<float> second_moments;  ///< one per row

  std::size_t memory_bytes() const noexcept { return low.bytes() + second_moments.bytes(); }
};

/// What a training works on: the labels' rows, how samples are weighted before them, the index of the rows as they start, and
/// what it leaves for another one.
struct TrainedRows {
  const FeatureWeights& weights;
  SparseMatrix& rows;
  const FeatureIndex& index;
  SparseRowState& state;
};

/// Trains the labels' sparse rows where they start, at the sums of their samples: each of a sample's labels against the
/// rows that the inverted index retrieves for it, by the decoupled softmax (engine/losses/loss.h) and Adagrad with one second
/// moment per row (engine/parameters/row_optimizer.h). Between passes the topology may change (row_topology.h).
///
/// A label of a few samples has each of them in its row already, so that on training samples everything looks right and there is
/// nothing to learn. So each sample is left out of its own labels' rows when these are scored: what is learned is what helps the
/// others.
///
/// A batch's gradients are summed row by row in order of the samples: the result does not depend on the number of threads.
class RowTraining {
 public:
  static constexpr std::size_t kBatch = 2048;  ///< samples between two updates

  /// `rows`: the samples to train on. `made`: how the rows were made. All must outlive it. `among`: where several ranks have rows
  /// of labels, whose these are; `data` is then its own().
  RowTraining(const Config& config, const DatasetView& data, std::span<const std::uint32_t> rows, const LabelRows& made,
              const TrainedRows& parts, const LabelShare* among = nullptr);

  /// config.sparse_rows.epochs passes; then the rows are in parts.rows, and in parts.state what is needed to go on training them.
  /// Stopped, or with an error of the communication, these are not to be used. Ranks that all have all rows share the samples out
  /// with `work`.
  void run(WorkMonitor& monitor = WorkMonitor::silent(), SharedWork& work = SharedWork::alone());

  /// What run() follows: the derivatives of one sample's loss by the rows' entries, divided by kSharpness, were
  /// the entries `values`. `place`: the sample's, in `rows`. Derivatives near 0 are left out.
  std::vector<float> gradient_at(std::uint32_t place, std::span<const float> values);

 private:
  /// What a sample has in common with the rows of its labels and of their competitors.
  struct Measured {
    SampleLabels labels;
    std::vector<std::uint32_t> places;  ///< in the labels' rows, of what the sample has as well, one label after another
    std::vector<std::size_t> ends;      ///< of each label's places
    std::vector<float> values;          ///< the sample's there
    std::vector<float> logits;
    std::vector<float> targets;  ///< weights of the sample's labels
  };
  struct Worker;
  /// Gradients of a block of samples: of each touched row the entries that a sample has, with the sample's values times the
  /// gradient by the logit.
  struct Gradients {
    struct Row {
      LabelGradient of;
      std::uint32_t begin, size;
    };
    std::vector<Row> rows;
    std::vector<std::uint32_t> entries;  ///< within the row
    std::vector<float> values;

    template <class Use>
    static void for_each_array(Gradients& block, const Use& use) {
      use(block.rows);
      use(block.entries);
      use(block.values);
    }
    void clear() {
      rows.clear();
      entries.clear();
      values.clear();
    }
  };

  void train_batch(std::span<const std::uint32_t> places, double rate, SharedWork& work);
  bool differentiate_by_own(std::span<const std::uint32_t> places);
  ParameterRows parameters_of(std::span<const float> values) const;
  std::vector<float> values() const;
  void differentiate(std::uint32_t place, Worker& worker, Gradients& out) const;
  void measure(std::uint32_t place, SpreadSample& sample, Measured& out) const;
  LogitRow logits_of(Measured& measured, std::size_t labels) const;
  void add_gradients(std::uint32_t place, const Measured& measured, float factor, Gradients& out) const;
  void update_rows(double rate);
  void take_topology_gradients();
  void change_topology(std::uint32_t epochs_done);
  void age_topology_gradients();

  const Config& config_;
  const DatasetView& data_;
  std::span<const std::uint32_t> rows_;
  const LabelRows& made_;
  TrainedRows parts_;
  Loss loss_{LossKind::decoupled};
  OptimizerOptions adagrad_;
  ParameterRows parameters_;  ///< the rows' entries
  std::uint64_t step_ = 0;
  std::vector<float> label_weights_;      ///< as targets; empty: equal
  std::vector<float> all_label_weights_;  ///< where several ranks have labels, of those of all
  RowOwners owners_;
  bool failed_ = false;                 ///< the communication
  std::unique_ptr<SharedLoss> shared_;  ///< null: all rows are here
  std::vector<Measured> measured_;      ///< of the batch, where others have rows
  RowCandidates candidates_;            ///< of rows_
  std::vector<Gradients> blocks_;       ///< of the batch
  PieceGroups pieces_;                  ///< of the blocks
  std::vector<LabelGradient>
      topology_gradients_;  ///< of the pass, and with snfs of those before, where the topology is to change
};

}  // namespace glissade
