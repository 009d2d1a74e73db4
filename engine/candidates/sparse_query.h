#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/extra_rows.h"
#include "engine/candidates/feature_index.h"
#include "engine/candidates/feature_weights.h"
#include "engine/candidates/found_products.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/candidates/spread_sample.h"

namespace glissade {

/// One sample that all paths look up in their sparse rows, each under its own weights. The buffers are shared by the paths. One
/// per thread; allocates nothing once they have grown.
class SparseQuery {
 public:
  /// Begins a sample; the spans must hold until the next one.
  void begin(std::span<const std::uint32_t> ids, std::span<const float> values) noexcept {
    ids_ = ids;
    values_ = values;
    spread_under_ = nullptr;
  }
  /// Rows that the index has most in common with the sample, in no order; see FeatureIndex::find. Holds until the next call.
  FeatureIndex::Scratch& find(const FeatureWeights& weights, const FeatureIndex& index, std::size_t budget, std::size_t most,
                              const FreshEntries& fresh = {});
  /// The products of the sample with what find() has found in `rows`, whose index it was, less what was dropped since. Holds
  /// until the next call.
  std::span<const float> products_of_found(const FeatureWeights& weights, const SparseMatrix& rows);
  /// The products of the sample with rows which[0], which[1], ... Holds until the next call.
  std::span<const float> products(const FeatureWeights& weights, const SparseMatrix& rows, std::span<const std::uint32_t> which);
  /// Likewise, by the lists of an index of these rows where that is a good deal cheaper. The sums are taken in another order
  /// then.
  std::span<const float> products(const FeatureWeights& weights, const SparseMatrix& rows, const FeatureIndex& index,
                                  std::span<const std::uint32_t> which);
  /// The same for rows of which `others` knows some: others(row) is a SparseRowView, without ids' data where `rows` has it.
  template <class Others>
  std::span<const float> products_of_found(const FeatureWeights& weights, const SparseMatrix& rows, const Others& others);
  template <class Others>
  std::span<const float> products(const FeatureWeights& weights, const SparseMatrix& rows, std::span<const std::uint32_t> which,
                                  const Others& others);
  /// The product of the sample with a row.
  float product(const FeatureWeights& weights, const SparseRowView& row);
  /// The sample under these weights, spread over all features; 0 where it has none. Holds until the next call.
  std::span<const float> spread_sample(const FeatureWeights& weights);

 private:
  void spread(const FeatureWeights& weights);

  std::span<const std::uint32_t> ids_;
  std::span<const float> values_;
  const FeatureWeights* spread_under_ = nullptr;  ///< null: the sample is not spread yet
  SpreadSample spread_;
  FeatureIndex::Scratch scratch_;
  FoundProducts found_products_;
  std::vector<float> products_, mixed_products_;
  std::vector<std::uint32_t> of_matrix_;
};

template <class Others>
std::span<const float> SparseQuery::products_of_found(const FeatureWeights& weights, const SparseMatrix& rows,
                                                      const Others& others) {
  return products(weights, rows, scratch_.found(), others);
}

template <class Others>
std::span<const float> SparseQuery::products(const FeatureWeights& weights, const SparseMatrix& rows,
                                             std::span<const std::uint32_t> which, const Others& others) {
  of_matrix_.clear();
  mixed_products_.resize(which.size());
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (const SparseRowView other = others(which[i]); other.ids.data() != nullptr) {
      mixed_products_[i] = product(weights, other);
    } else {
      of_matrix_.push_back(which[i]);
    }
  }
  const std::span<const float> of_matrix = products(weights, rows, of_matrix_);
  std::size_t next = 0;
  for (std::size_t i = 0; i < which.size() && next < of_matrix_.size(); ++i) {
    if (which[i] == of_matrix_[next]) mixed_products_[i] = of_matrix[next++];
  }
  return mixed_products_;
}

}  // namespace glissade
