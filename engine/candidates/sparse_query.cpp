#include "engine/candidates/sparse_query.h"

#include "simd/kernels.h"

namespace glissade {

void SparseQuery::spread(const FeatureWeights& weights) {
  if (spread_under_ == &weights) return;
  spread_.put(weights, ids_, values_);
  spread_under_ = &weights;
}

std::span<const float> SparseQuery::spread_sample(const FeatureWeights& weights) {
  spread(weights);
  return {spread_.data(), weights.weights.size()};
}

FeatureIndex::Scratch& SparseQuery::find(const FeatureWeights& weights, const FeatureIndex& index, std::size_t budget,
                                         std::size_t most) {
  spread(weights);
  index.find(ids_, spread_.values(), budget, most, scratch_);
  return scratch_;
}

std::span<const float> SparseQuery::products_of_found(const FeatureWeights& weights, const SparseMatrix& rows) {
  spread(weights);
  return found_products_.of(scratch_, spread_, rows);
}

std::span<const float> SparseQuery::products(const FeatureWeights& weights, const SparseMatrix& rows,
                                             std::span<const std::uint32_t> which) {
  spread(weights);
  products_.resize(which.size());
  simd::kernels().sparse_dots(spread_.data(), rows.ids.data(), rows.values.data(), rows.offsets.data(), which.data(),
                              which.size(), products_.data());
  return products_;
}

}  // namespace glissade
