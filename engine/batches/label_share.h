#pragma once

#include <cstdint>
#include <vector>

#include <glissade/views.h>

#include "engine/communication/row_shards.h"

namespace glissade {

/// A data set of which several ranks look at the labels, each at its own: the same samples with the labels of this rank alone,
/// numbered by their places (RowOwners). Where one process has all labels, the data set as it is. Cost: 8 bytes a sample, 4 for
/// each of its labels that is this rank's.
class LabelShare {
 public:
  /// `data`, whose arrays and not the view itself are kept, and `shards` must outlive it. Null: this process has all labels.
  LabelShare(const DatasetView& data, RowShards* shards = nullptr);  // NOLINT(google-explicit-constructor)
  LabelShare(const LabelShare&) = delete;
  LabelShare& operator=(const LabelShare&) = delete;

  const DatasetView& all() const noexcept { return all_; }
  const DatasetView& own() const noexcept { return own_; }
  /// Null: nobody else has labels.
  RowShards* shards() const noexcept { return shards_; }
  RowOwners owners() const noexcept { return shards_ == nullptr ? RowOwners{} : shards_->owners(); }

 private:
  DatasetView all_, own_;
  RowShards* shards_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> places_;
};

}  // namespace glissade
