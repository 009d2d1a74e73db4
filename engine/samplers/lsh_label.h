#pragma once

#include "engine/samplers/label_index.h"
#include "engine/samplers/source.h"

namespace glissade {

/// What the true labels' own weight vectors find in the tables: the labels that are easily mistaken for them.
class LshLabelSource final : public Source {
 public:
  explicit LshLabelSource(const LabelIndex& index) : index_(index) {}
  void add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const override;
  const LabelIndex* index_of_labels() const noexcept override { return &index_; }

 private:
  const LabelIndex& index_;
};

}  // namespace glissade
