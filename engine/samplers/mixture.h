#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/samplers/alias_table.h"
#include "engine/samplers/sampler.h"
#include "engine/samplers/source.h"

namespace glissade {

/// The part of the places that a part of a mixture may fill.
double share_of(const SamplerMix::Part& part, const Config& config) noexcept;

/// The labels, then what the retrieving parts of a mixture find, then drawn rows up to the target (where SLIDE pads by nothing,
/// so that a set could be nearly empty and its softmax meaningless). Retrieved rows count as they are and drawn ones stand for
/// the rest: given what was retrieved, the sum over the set is an unbiased estimate of the sum over all rows, whatever the tables
/// do. A mixture that retrieves everything has nothing drawn to stand for the rest: there retrieved rows are weighted by their
/// inclusion probabilities, as far as these can be estimated.
class MixtureSampler final : public Sampler {
 public:
  MixtureSampler(const Config& config, std::uint32_t rows, const SamplerSources& sources);
  void select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const override;
  void count_labels(std::span<const std::uint32_t> counts) override;
  void set_correction(float strength) override { correction_ = strength; }
  const LabelIndex* index_of_labels() const noexcept override;

 private:
  struct Retrieval {
    std::unique_ptr<Source> source;
    double share;  ///< of the places that the labels leave
  };

  std::uint32_t rows_;
  std::size_t active_;
  float correction_;    ///< strength
  bool fills_ = false;  ///< retrieval may fill a set, so that nothing is drawn
  double frequency_power_;
  std::vector<Retrieval> retrievals_;
  double frequency_share_ = 0;
  std::optional<AliasTable> frequencies_;
};

}  // namespace glissade
