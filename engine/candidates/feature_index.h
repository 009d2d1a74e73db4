#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/fresh_postings.h"
#include "engine/candidates/sparse_matrix.h"

namespace glissade {

/// An inverted index over sparse rows: of each feature the rows that have it. A query reads whole lists, the shortest first,
/// until a budget of entries is spent: rare features tell rows apart, and a few of them cost less than one common one (the idea
/// behind skipping in inverted indexes, Broder et al. 2003). What it finds is then to be scored exactly.
class FeatureIndex {
 public:
  /// A thread's buffers; made once, as long as the rows.
  class Scratch;

  FeatureIndex() = default;
  FeatureIndex(const SparseMatrix& rows, std::size_t features);

  bool empty() const noexcept { return begins_.empty(); }
  std::size_t rows() const noexcept { return row_count_; }
  std::size_t memory_bytes() const noexcept { return begins_.bytes() + ids_.bytes() + values_.bytes(); }

  /// The `most` rows with the largest sums over the lists that `budget` entries pay for (at least one list), in no order, into
  /// scratch.found(), each once. `ids` must be unique. `fresh`: entries that came later, behind those of the lists.
  void find(std::span<const std::uint32_t> ids, std::span<const float> values, std::size_t budget, std::size_t most,
            Scratch& scratch, const FreshEntries& fresh = {}) const;
  /// products[i] = the sum of row which[i] over all lists of the sample, added up in the order of its features. False, and
  /// nothing is done, where these lists have more than `most` entries. Entries that came later are not in them.
  bool sums(std::span<const std::uint32_t> ids, std::span<const float> values, std::uint64_t most,
            std::span<const std::uint32_t> which, Scratch& scratch, float* products) const;
  /// The same rows again, in the same memory.
  FeatureIndex shared() const;

 private:
  std::size_t row_count_ = 0;
  Array<std::uint64_t> begins_;  ///< [features + 1]
  Array<std::uint32_t> ids_;
  Array<std::uint16_t> values_;
};

class FeatureIndex::Scratch {
 public:
  const std::vector<std::uint32_t>& found() const noexcept { return found_; }
  /// sums()[i] is that of found()[i] over the lists that were read.
  const std::vector<float>& sums() const noexcept { return sums_found_; }
  /// Of the query's entries those whose lists were not read: what is missing in the sums.
  const std::vector<std::uint32_t>& unread() const noexcept { return unread_; }
  /// Takes out what was found of the rows marked in `rows`.
  void drop(const std::vector<bool>& rows);

 private:
  friend class FeatureIndex;
  void keep_largest(std::size_t most);
  void keep_largest_of(std::span<const std::uint32_t> rows, std::span<const float> sums, std::size_t most);
  /// A sum that somewhat more than `most` of touched_sums_ reach, by a sample of them.
  float likely_bound(std::size_t most);
  struct List {
    std::uint64_t length;
    std::uint32_t entry;  ///< of the query
    std::uint32_t fresh;  ///< entries of `length` that came later
  };
  std::vector<List> lists_;
  std::vector<float> sums_;  ///< by row; 0 between queries
  std::vector<std::uint32_t> touched_, found_, bins_;
  std::vector<std::uint32_t> unread_;
  std::vector<float> touched_sums_, sums_found_;
  std::vector<std::uint32_t> likely_;  ///< those of touched_ that reach the bound
  std::vector<float> likely_sums_, sample_;
};

}  // namespace glissade
