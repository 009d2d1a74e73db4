#pragma once

#include "engine/samplers/cluster_index.h"
#include "engine/samplers/source.h"

namespace glissade {

/// The rows that a learned hash table holds nearest to each sample, as `lsh-learned`. In a shared set each sample's first comes
/// before anybody's second.
class LshLearnedSource final : public Source {
 public:
  explicit LshLearnedSource(const ClusterIndex& index) : index_(index) {}
  void add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const override;

 private:
  const ClusterIndex& index_;
};

}  // namespace glissade
