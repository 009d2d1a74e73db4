#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>

#include <vector>

#include "engine/layers/row_groups.h"
#include "engine/losses/loss.h"
#include "engine/output/output_path.h"

namespace glissade {

/// One active set per sample. Samples run in parallel: gather, dot, loss, hidden gradient. Then the logit gradients are turned
/// row-major, so that each touched row is summed and updated once, by one thread: no locks, no HOGWILD races, no gradient
/// buffers.
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
    bool hit = false;
  };

  void place_samples(const SparseRows& labels);
  SampleReport run_sample(const OutputStep& step, std::size_t sample, float scale, Scratch& scratch);
  void update_rows(const OutputStep& step, OutputReport& report);

  OutputParts parts_;
  Loss loss_;
  RowGroups groups_;
  tbb::enumerable_thread_specific<Scratch> scratch_;
  std::vector<std::size_t> begins_;  ///< sample -> its slots in ids_ and gradients_
  std::vector<std::uint32_t> sizes_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> gradients_;  ///< by the logits
  std::vector<SampleReport> reports_;
};

}  // namespace glissade
