#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include <glissade/config.h>

#include "engine/parameters/parameter_rows.h"
#include "engine/topology/policy.h"

namespace glissade {

class BlockChanges;

/// A row of a pattern that changes, and its gradient of the step, null if it has none.
struct ChangedRow {
  std::uint32_t row;
  const float* gradient;
};

/// How the connections of rows change in one step of a training: a policy (engine/topology/policy.h), on a schedule of each row's
/// own. A row that is touched seldom changes seldom, by a gradient of the step in which it is due.
struct RowChanges {
  TopologyPolicy policy;
  double share;          ///< of a row's connections that change now
  std::uint32_t period;  ///< gradients of a row between two changes
  std::uint64_t seed;
  BlockChanges* blocks = nullptr;  ///< of rows that share connections; null: these stay as they are

  /// `done`: part of the training that is done. From three quarters on nothing changes (Evci et al. 2020).
  static RowChanges of(const Config& config, double done, std::uint64_t step) noexcept;

  /// Adds a row's gradient to the mean that snfs grows by.
  void remember(ParameterRows& rows, std::size_t row, const float* gradient) const noexcept;

  /// Whether the row, which is not whole, is due with its next gradient, and connections grow by that.
  bool grows_by_gradient(const ParameterRows& rows, std::size_t row) const noexcept;

  /// Takes note of a row's gradient, which may be null where the row is not whole and no means of gradients are kept. True if it
  /// is due that its connections change.
  bool is_due(ParameterRows& rows, std::size_t row, const float* gradient) const noexcept;

  /// Changes the connections of the row, which may be whole. Weights that are dropped and the state of those that are grown are
  /// 0. Returns the squared length of what was dropped, negative if nothing changed. Safe from many threads for different rows.
  /// Throws std::bad_alloc, and has changed nothing then.
  float change(ParameterRows& rows, std::size_t row, const float* gradient) const;

  /// The same for all rows of a pattern, whose scores are summed. Calls on_dropped(row, squared length of what was dropped) of
  /// each; false if nothing changed. Safe from many threads for different patterns.
  bool change(ParameterRows& rows, std::size_t pattern, std::span<const ChangedRow> changed,
              const std::function<void(std::uint32_t, float)>& on_dropped) const;
};

}  // namespace glissade
