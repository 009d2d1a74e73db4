#pragma once

#include "engine/candidates/extra_rows.h"
#include "engine/candidates/proposing_path.h"
#include "engine/sparse_rows/row_training.h"

namespace glissade {

/// A sparse row of weights per label (`fan_in` entries): the sum of the label's samples, and then trained. Proposes the labels
/// whose rows have the largest products with the sample.
class LabelRowPath final : public ProposingPath {
 public:
  std::unique_ptr<Proposer> proposer(const Config& config, std::size_t labels) const override;
  void build(const PathSource& source, WorkMonitor& monitor) override;
  void index(std::size_t features) override;
  bool empty() const noexcept override { return rows.empty(); }
  std::size_t memory_bytes() const noexcept override;
  std::vector<StoredArray> arrays() override;
  std::string_view defect(const Shape& shape) const noexcept override;
  std::optional<Error> not_finite() const override;

  /// The same rows for another reader: nothing is copied but what changes, `changed` and `fresh`.
  LabelRowPath shared() const;

  FeatureWeights weights;  ///< of samples before the rows
  SparseMatrix rows;       ///< one per label
  SparseRowState row_state;
  FeatureIndex row_index;

  // What learning from events has made of them since (engine/learning); not part of a model file.
  ChangedRows changed;  ///< stand in the place of `rows`
  FreshEntries fresh;   ///< entries that row_index lacks; those that it has keep the values that they had
};

}  // namespace glissade
