#pragma once

#include "engine/parameters/parameter_rows.h"
#include "engine/samplers/source.h"

namespace glissade {

/// The rows with the largest logits of each sample, found by scoring every row: the oracle that hash tables are measured against.
/// It costs what the full softmax costs, and it allocates.
class ExactSource final : public Source {
 public:
  explicit ExactSource(const ParameterRows& output) : output_(output) {}
  void add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const override;

 private:
  const ParameterRows& output_;
};

}  // namespace glissade
