#pragma once

#include "engine/samplers/label_index.h"
#include "engine/samplers/source.h"

namespace glissade {

/// SLIDE's vanilla retrieval (Chen et al. 2020): what the samples find in one randomly chosen table after another.
class LshSource final : public Source {
 public:
  explicit LshSource(const LabelIndex& index) : index_(index) {}
  void add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const override;

 private:
  const LabelIndex& index_;
};

/// The same for queries with the codes `group`.
void collect_from_tables(const LabelIndex& index, const hashing::GroupCodes& group, const Source::Order& order,
                         hashing::StampSet& seen, ActiveSet& out);

/// A row met in `met` of `visits` buckets is estimated to be met in one of as many others with this probability.
float inclusion_of(double met, double visits) noexcept;

}  // namespace glissade
