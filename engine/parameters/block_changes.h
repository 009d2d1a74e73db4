#pragma once

#include <oneapi/tbb/concurrent_vector.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_changes.h"

namespace glissade {

/// Changes of connections that rows share. Several threads update rows of one pattern in a step, so the pattern changes behind
/// it: when its rows have had `period` gradients each on average, gradients of the next step that touches it are kept, and their
/// sums decide. Results do not depend on the threads.
class BlockChanges {
 public:
  /// Of `rows`, which share connections and must outlive this.
  explicit BlockChanges(ParameterRows& rows);

  /// Takes note of a row's gradient in an update. True if the row's pattern is due. Safe from many threads for different rows.
  /// Throws std::bad_alloc.
  bool take(const RowChanges& changes, std::size_t row, const float* gradient);

  /// At the end of a step: changes the patterns that were due. Calls on_dropped(row, squared length of what was dropped), not
  /// from several threads at once.
  void finish(const RowChanges& changes, const std::function<void(std::uint32_t, float)>& on_dropped);

 private:
  struct Kept {
    std::uint32_t row;
    std::vector<float> gradient;
  };
  using KeptRows = tbb::concurrent_vector<Kept>;
  bool is_due(const RowChanges& changes, std::size_t row, const float* gradient);
  /// `kept`: those of the pattern.
  void change(const RowChanges& changes, std::size_t pattern, KeptRows::const_iterator kept, KeptRows::const_iterator kept_end,
              const std::function<void(std::uint32_t, float)>& on_dropped);

  ParameterRows& rows_;
  std::vector<std::uint32_t> order_;                   ///< the row at each place
  std::vector<std::atomic<std::uint32_t>> gradients_;  ///< of each pattern's rows in this step
  KeptRows kept_;
};

}  // namespace glissade
