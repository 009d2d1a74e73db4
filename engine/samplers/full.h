#pragma once

#include "engine/samplers/sampler.h"

namespace glissade {

/// Every row: the dense softmax, the baseline of all the others.
class FullSampler final : public Sampler {
 public:
  void select(const SampleGroup&, hashing::StampSet&, ActiveSet& out) const noexcept override {
    out.clear();
    out.everything = true;
  }
};

}  // namespace glissade
