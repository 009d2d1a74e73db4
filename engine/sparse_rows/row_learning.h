#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/fresh_postings.h"
#include "engine/sparse_rows/label_row_path.h"

namespace glissade {

/// Keeps the sparse rows of labels up as samples come: a row stands for the sum of its label's samples (label_rows.h), and what
/// training has made of it stays in it. Changed rows are new ones beside the old ones, so others may read those meanwhile. One
/// thread.
class RowLearning {
 public:
  /// `path` and `postings`, which take the changes, must outlive it.
  RowLearning(LabelRowPath& path, FreshPostings& postings, std::uint32_t fan_in)
      : path_(path), postings_(&postings), fan_in_(fan_in) {}

  /// One more sample of a label that has had `count` of them: its features, ascending, and their values under the path's weights,
  /// of length 1. Entries that the label's row did not have go to the postings under `generation`.
  void add(std::uint32_t label, std::uint32_t count, std::span<const std::uint32_t> ids, std::span<const float> values,
           std::uint32_t generation);
  /// Puts the entries that changed rows have beside those of the path's index into other postings, which take all from here on.
  void post_again(FreshPostings& postings, std::uint32_t generation);
  void post_to(FreshPostings& postings) noexcept { postings_ = &postings; }

 private:
  SparseRowView row_of(std::uint32_t label) const noexcept;

  LabelRowPath& path_;
  FreshPostings* postings_;
  std::uint32_t fan_in_;
  std::vector<float> lengths_;  ///< by label, of the whole sum; 0: to be estimated
  struct Entry {
    std::uint32_t id;
    float value;
    bool is_new;
  };
  std::vector<Entry> entries_;
};

/// The length of the sum of `count` samples of length 1, where another one's product with the sum's direction is `product`: as if
/// each two of them had the same product.
float length_of_sum(std::uint32_t count, float product) noexcept;

}  // namespace glissade
