#pragma once

#include "engine/samplers/sampler.h"

namespace glissade {

/// The labels, and rows drawn uniformly without replacement up to the target.
class UniformSampler final : public Sampler {
 public:
  UniformSampler(const Config& config, std::uint32_t rows)
      : rows_(rows), active_(config.active), correction_(config.correction) {}
  void select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const noexcept override;

 private:
  std::uint32_t rows_;
  std::uint32_t active_;
  bool correction_;
};

}  // namespace glissade
