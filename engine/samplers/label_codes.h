#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/communication/row_shards.h"
#include "engine/samplers/label_index.h"
#include "hashing/query.h"

namespace glissade {

/// Where in the hash tables the labels of a batch lie, wherever their rows are: each rank hashes those that are its own and tells
/// the others the addresses, 4 bytes a table and label. The ranks' hash functions are the same (a function of the seed).
class LabelCodes {
 public:
  /// Both must outlive it. The rows of `index` are this rank's, of `labels` in all.
  LabelCodes(const LabelIndex& index, RowShards& shards, std::size_t labels)
      : index_(index), shards_(shards), place_of_(labels) {}

  /// Collective. `labels`, the whole batch's, must outlive what of() gives. After an error (RowShards::error()) addresses are 0.
  void gather(const SparseRows& labels);
  /// Of the labels of samples first .. first + count - 1 of the batch, each once for a whole batch; others are copied to
  /// `scratch`, which must outlive the result. Safe from many threads, each with its own `scratch`.
  hashing::GroupCodes of(std::size_t first, std::size_t count, std::vector<std::uint32_t>& scratch) const;

 private:
  const LabelIndex& index_;
  RowShards& shards_;
  SparseRows labels_;
  std::vector<std::uint32_t> place_of_;  ///< of a label among those of the batch: only theirs are set
  std::vector<std::uint32_t> codes_;     ///< of label i of the batch in table t: [t * stride_ + i]
  std::size_t stride_ = 0, count_ = 0;
};

}  // namespace glissade
