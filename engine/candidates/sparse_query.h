#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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
  FeatureIndex::Scratch& find(const FeatureWeights& weights, const FeatureIndex& index, std::size_t budget, std::size_t most);
  /// The products of the sample with what find() has found in `rows`, whose index it was, less what was dropped since. Holds
  /// until the next call.
  std::span<const float> products_of_found(const FeatureWeights& weights, const SparseMatrix& rows);
  /// The products of the sample with rows which[0], which[1], ... Holds until the next call.
  std::span<const float> products(const FeatureWeights& weights, const SparseMatrix& rows, std::span<const std::uint32_t> which);
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
  std::vector<float> products_;
};

}  // namespace glissade
