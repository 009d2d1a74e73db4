#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <glissade/views.h>

#include "engine/communication/row_shards.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// The input layer of a model whose rows several ranks share out: each sums the features that are its own, for all samples of the
/// batch, and the sums of all ranks travel.
class InputShards {
 public:
  InputShards(RowShards& shards, const ParameterRows& rows) : shards_(shards), owners_(shards.owners()), last_use_(rows.rows()) {}

  const RowOwners& owners() const noexcept { return owners_; }
  /// `x`, with explicit values, without the features of other ranks; ids are places among the rows of this one. Valid until the
  /// next call.
  const SparseRows& own(const SparseRows& x);
  /// How many different features that has.
  std::size_t different() const noexcept { return different_; }
  /// What own() has last returned.
  const SparseRows& own() const noexcept { return own_; }
  /// What the next add_up() calls while the sums travel; nothing after it.
  void meanwhile(std::function<void()> work) { meanwhile_ = std::move(work); }
  /// Sums of all ranks in the place of this one's.
  void add_up(Activations& sums) {
    shards_.begin_sum(std::span(sums.values.data(), sums.samples * sums.stride));
    if (meanwhile_) std::exchange(meanwhile_, {})();
    shards_.end_sum();
  }

 private:
  RowShards& shards_;
  RowOwners owners_;
  SparseRows own_;
  std::function<void()> meanwhile_;
  std::size_t different_ = 0;
  std::uint32_t use_ = 0;
  std::vector<std::uint32_t> last_use_;  ///< of each row: the last call of own() that had its feature
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> values_;
};

}  // namespace glissade
