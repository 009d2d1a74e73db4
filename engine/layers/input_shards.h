#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <glissade/views.h>

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_shards.h"

namespace glissade {

/// The input layer of a model whose rows several ranks share out: each sums the features that are its own, for all samples of the
/// batch, and the sums of all ranks travel.
class InputShards {
 public:
  InputShards(RowShards& shards, const ParameterRows& rows) : shards_(shards), owners_(shards.owners()), last_use_(rows.rows()) {}

  const RowOwners& owners() const noexcept { return owners_; }
  /// `x`, with explicit values, without the features of other ranks; ids are places among the rows of this one. Valid until the
  /// next call. `number`: see prepare().
  const SparseRows& own(const SparseRows& x, std::uint64_t number = 0);
  /// Does the work of own() for a batch that comes later, by its number.
  void prepare(const SparseRows& x, std::uint64_t number);
  /// How many different features that has.
  std::size_t different() const noexcept { return current_.different; }
  /// What own() has last returned.
  const SparseRows& own() const noexcept { return current_.rows; }
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
  /// The own part of a batch.
  struct Part {
    std::uint64_t number = 0;  ///< 0: of no batch
    SparseRows rows;
    std::size_t different = 0;
    std::vector<std::uint64_t> offsets;
    std::vector<std::uint32_t> ids;
    std::vector<float> values;
  };
  void fill(const SparseRows& x, Part& part);

  Part current_, next_;
  std::function<void()> meanwhile_;
  std::uint32_t use_ = 0;
  std::vector<std::uint32_t> last_use_;  ///< of each row: the last call of own() that had its feature
};

}  // namespace glissade
