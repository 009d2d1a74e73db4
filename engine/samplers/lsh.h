#pragma once

#include "engine/samplers/label_index.h"
#include "engine/samplers/source.h"

namespace glissade {

/// SLIDE's vanilla retrieval (Chen et al. 2020): what the samples find in one randomly chosen table after another.
class LshSource final : public Source {
 public:
  explicit LshSource(const LabelIndex& index) : index_(index) {}
  void add(const SampleGroup& group, std::size_t quota, std::uint64_t seed, hashing::StampSet& seen,
           ActiveSet& out) const noexcept override;

 private:
  const LabelIndex& index_;
};

}  // namespace glissade
