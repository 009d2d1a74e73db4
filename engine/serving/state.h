#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <glissade/label_filter.h>
#include <glissade/snapshot.h>

#include "engine/model/impl.h"
#include "engine/serving/name_index.h"

namespace glissade {

/// What a Snapshot answers from. Nobody changes it while there is a handle of it.
class Snapshot::State {
 public:
  std::shared_ptr<Model::Impl> impl;  ///< its buffers are its own, all else is only read
  std::uint64_t version = 0;
  NameIndex label_names, feature_names;
  std::shared_ptr<const LabelFilter> shown;  ///< labels that may be answers; null: all
  std::shared_ptr<const void> keeps;         ///< what `impl` borrows
};

/// The one way to a Snapshot and to what it holds, for the library itself, its tests and its benches.
struct SnapshotAccess {
  static Snapshot make(std::shared_ptr<const Snapshot::State> state) { return Snapshot(std::move(state)); }
  static const Snapshot::State& state(const Snapshot& snapshot) noexcept { return *snapshot.state_; }
};

}  // namespace glissade
