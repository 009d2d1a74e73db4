#pragma once

#include "engine/candidates/proposing_path.h"

namespace glissade {

/// Names of labels, as rows over the features that are words of them: each word counts by its inverse document frequency.
/// Proposes the labels whose names are most like the sample, and says of each candidate how like it is (cosine) and how much of
/// its name the sample has.
class NamePath final : public ProposingPath {
 public:
  std::unique_ptr<Proposer> proposer(const Config& config, std::size_t labels) const override;
  /// Stays empty without names in the source, or if they tell nothing.
  void build(const PathSource& source, WorkMonitor& monitor) override;
  void index(std::size_t features) override;
  bool empty() const noexcept override { return rows.empty(); }
  std::size_t memory_bytes() const noexcept override;
  std::vector<StoredArray> arrays() override;
  std::string_view defect(const Shape& shape) const noexcept override;
  std::optional<Error> not_finite() const override;

  /// The same names for another reader, in the same memory.
  NamePath shared() const;

  FeatureWeights weights;  ///< inverse document frequencies; empty without rows
  SparseMatrix rows;       ///< one per label, of length 1
  FeatureIndex row_index;
};

}  // namespace glissade
