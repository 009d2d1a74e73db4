#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <glissade/config.h>
#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/candidates/proposing_path.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/names/name_path.h"
#include "engine/neighbours/neighbour_path.h"
#include "engine/progress/work_monitor.h"
#include "engine/ranking/calibration.h"
#include "engine/ranking/linear_ranker.h"
#include "engine/ranking/ranker.h"
#include "engine/sparse_rows/label_row_path.h"

namespace glissade {

/// What a model has beside its hidden path: the paths that propose candidates straight from the input features, and what ranks
/// the candidates of all paths. The hidden path generalises, the others remember; `linear` weighs what they say, and `ranker`
/// judges it together with which labels share samples (`co_labels`).
///
/// To add a path: a class derived from ProposingPath, a member here, an entry in all().
struct RankedPaths {
  LabelRowPath label_rows;
  NeighbourPath neighbours;
  NamePath names;
  SparseMatrix co_labels;  ///< one row per label, over labels; empty without co-labels
  RowOwners owners;        ///< whose rows of labels and of samples these are: where several ranks share them out, one rank's
  LinearRanker linear;
  Ranker ranker;
  Calibration calibration;  ///< of the ranker's scores

  /// The paths, in the order in which they are built.
  std::array<ProposingPath*, 3> all() noexcept { return {&label_rows, &neighbours, &names}; }
  std::array<const ProposingPath*, 3> all() const noexcept { return {&label_rows, &neighbours, &names}; }

  /// Says whose the rows are, before they are made or read.
  void share_out(const RowOwners& to) noexcept;
  bool empty() const noexcept;
  std::size_t memory_bytes() const noexcept;
  /// The arrays of all of it, in the order in which model files have them.
  std::vector<StoredArray> arrays();
  /// Once the arrays are read, before index(): fills in what files of earlier versions lack.
  void complete(const Config& config);
  /// What keeps these arrays from being whole paths of a model of that shape; empty if nothing does. For what was read.
  std::string_view defect(const Shape& shape) const noexcept;
  /// The first number of it that is not finite, as an error.
  std::optional<Error> not_finite() const;
  /// scores[c] of each candidate's features: the ranker's, or before it was fitted the linear one's.
  void score(std::span<const CandidateFeatures> features, RankPass& pass, float* scores) const;
  /// Makes the paths ready to propose.
  void index(std::size_t features);
  /// The same for another reader, in the same memory; not what going on training would need.
  RankedPaths shared() const;
  /// Room for labels and features that come later: they have no entries, and what features weigh that nothing is known of.
  void grow(const Shape& shape);
};

/// `samples`: those that are trained on, ascending; the neighbours are all of them. `names`: of the labels; null: none. `data`
/// has the model's counts. Stopped by the monitor, or with an error of the communication, the result is not to be used. Ranks
/// share the work out with `work` and have the same paths; or with `shards` each has the rows of labels and of samples that are
/// its own, and `work` is alone.
RankedPaths build_paths(const Config& config, const DatasetView& data, std::span<const std::uint32_t> samples,
                        WorkMonitor& monitor = WorkMonitor::silent(), const NameFeatures* names = nullptr,
                        SharedWork& work = SharedWork::alone(), RowShards* shards = nullptr);

}  // namespace glissade
