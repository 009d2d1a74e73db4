#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/samplers/alias_table.h"
#include "engine/samplers/sampler.h"
#include "engine/samplers/source.h"

namespace glissade {

/// The labels, then what the retrieving parts of a mixture find, then drawn rows up to the target (where SLIDE pads by nothing, so
/// that a set could be nearly empty and its softmax meaningless). Retrieved rows count as they are and drawn ones stand for the
/// rest: given what was retrieved, the sum over the set is an unbiased estimate of the sum over all rows, whatever the tables do.
/// Only if nothing is left to draw do retrieved rows stand for others, by their inclusion probabilities.
class MixtureSampler final : public Sampler {
 public:
  MixtureSampler(const Config& config, std::uint32_t rows, const SamplerSources& sources);
  void select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const noexcept override;
  void count_labels(std::span<const std::uint32_t> counts) override;

 private:
  struct Retrieval {
    std::unique_ptr<Source> source;
    std::size_t rows;  ///< at most
  };

  std::uint32_t rows_;
  std::size_t active_;
  bool correction_;
  double frequency_power_;
  std::vector<Retrieval> retrievals_;
  std::size_t by_frequency_ = 0;
  std::optional<AliasTable> frequencies_;
};

}  // namespace glissade
