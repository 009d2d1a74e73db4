#pragma once

#include <vector>

#include "engine/samplers/source.h"

namespace glissade {

/// Labels of other samples of the batch, in an order that the seed decides: negatives in proportion to their frequency, for
/// nothing. In a set that the batch shares they all are in anyway.
class InBatchSource final : public Source {
 public:
  void add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const override;
  void count_labels(std::span<const std::uint32_t> counts) override;

 private:
  std::vector<float> frequencies_;  ///< part of all label occurrences; empty: unknown
};

}  // namespace glissade
