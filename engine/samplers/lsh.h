#pragma once

#include "engine/samplers/label_index.h"
#include "engine/samplers/sampler.h"

namespace glissade {

/// SLIDE's vanilla sampling (Chen et al. 2020): the labels, then what the samples find in one randomly chosen table after another
/// until the retrieved share of the target is met, then uniform rows up to the target (where SLIDE pads by nothing, so that a set
/// could be nearly empty and its softmax meaningless).
class LshSampler final : public Sampler {
 public:
  LshSampler(const Config& config, std::uint32_t rows, const LabelIndex& index);
  bool uses_tables() const noexcept override { return true; }
  void select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const noexcept override;

 private:
  const LabelIndex& index_;
  std::uint32_t rows_;
  std::uint32_t active_;
  std::uint32_t retrieved_;
  bool correction_;
};

}  // namespace glissade
