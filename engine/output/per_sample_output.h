#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>

#include <optional>
#include <vector>

#include "engine/layers/row_groups.h"
#include "engine/losses/loss.h"
#include "engine/losses/set_sums.h"
#include "engine/losses/shard_sums.h"
#include "engine/output/output_path.h"

namespace glissade {

/// One active set per sample. Samples run in parallel: gather, dot, loss, hidden gradient. Then the logit gradients are turned
/// row-major, so that each touched row is summed and updated once, by one thread: no locks, no HOGWILD races, no gradient
/// buffers.
///
/// Where several ranks have the rows, each has its part of every set, and their normalisers are added up between the logits and
/// the gradients of a step.
class PerSampleOutput final : public OutputPath {
 public:
  explicit PerSampleOutput(const OutputParts& parts);
  OutputReport step(const OutputStep& step) override;

 private:
  /// What a thread needs while it works on a sample.
  struct Scratch {
    explicit Scratch(std::size_t rows) : seen(rows) {}
    hashing::StampSet seen;
    ActiveSet set;
    std::vector<std::uint32_t> positions;
    double sampling_seconds = 0;
  };
  struct SampleReport {
    double loss = 0;
    float best = 0;  ///< logit, of the samples that are probed
    bool hit = false;
  };
  /// The set of one sample, as far as the loss must know it.
  struct SampleSet {
    std::uint32_t size = 0, labels = 0, exact = 0;
    bool weighted = false;    ///< it has log weights
    bool counts_all = false;  ///< see OwnSets::select()
  };

  void place_samples(const SparseRows& labels);
  template <class Run>
  void for_each_sample(const Run& run);
  void choose(const OutputStep& step, std::size_t sample, Scratch& scratch);
  LogitRow logit_row(const OutputStep& step, std::size_t sample, Scratch& scratch);
  void differentiate(const OutputStep& step, std::size_t sample, Scratch& scratch);
  void update_rows(const OutputStep& step, OutputReport& report);

  OutputParts parts_;
  Loss loss_;
  OwnSets sets_;
  std::optional<ShardSums> shard_sums_;  ///< none: all rows are this process's
  SetSums sums_;
  RowGroups groups_;
  tbb::enumerable_thread_specific<Scratch> scratch_;
  std::vector<std::size_t> begins_;  ///< sample -> its slots in ids_ and gradients_
  std::vector<std::uint32_t> ids_;
  std::vector<float> gradients_;    ///< logits, then the gradients by them
  std::vector<float> log_weights_;  ///< of the slots that have some
  std::vector<SampleSet> chosen_;
  std::vector<SampleReport> reports_;
};

}  // namespace glissade
