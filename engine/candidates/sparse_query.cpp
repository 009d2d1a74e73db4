#include "engine/candidates/sparse_query.h"

#include <array>

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
                                         std::size_t most, const FreshEntries& fresh) {
  spread(weights);
  index.find(ids_, spread_.values(), budget, most, scratch_, fresh);
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

float SparseQuery::product(const FeatureWeights& weights, const SparseRowView& row) {
  spread(weights);
  const std::array<std::uint64_t, 2> offsets{0, row.ids.size()};
  const std::uint32_t which = 0;
  float product = 0;
  simd::kernels().sparse_dots(spread_.data(), row.ids.data(), row.values.data(), offsets.data(), &which, 1, &product);
  return product;
}

}  // namespace glissade
