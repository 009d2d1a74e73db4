#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>

#include "engine/samplers/label_index.h"
#include "engine/samplers/source.h"
#include "hashing/collisions.h"

namespace glissade {

/// The rows that a sample meets in most tables: `lsh-topk`, or with `least` above 1 `lsh-threshold`, which takes only rows met in
/// that many. In a shared set each sample's first comes before anybody's second.
class LshRankedSource final : public Source {
 public:
  LshRankedSource(const LabelIndex& index, std::uint32_t least)
      : index_(index),
        least_(least),
        counters_([&index] { return hashing::CollisionCounter(index.tables().rows(), index.tables().tables()); }) {}
  void add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const override;

 private:
  /// The best rows of sample `sample` of the group, most collisions first; returns how many.
  std::size_t rank(const SampleGroup& group, std::size_t sample, std::uint64_t seed, std::span<hashing::Collision> best) const;

  const LabelIndex& index_;
  std::uint32_t least_;
  mutable tbb::enumerable_thread_specific<hashing::CollisionCounter> counters_;  ///< scratch
};

}  // namespace glissade
