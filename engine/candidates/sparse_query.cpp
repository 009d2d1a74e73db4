#include "engine/candidates/sparse_query.h"

#include <algorithm>
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

std::span<const float> SparseQuery::products(const FeatureWeights& weights, const SparseMatrix& rows, const FeatureIndex& index,
                                             std::span<const std::uint32_t> which) {
  constexpr std::size_t kGather = 4;  // entries of rows that are gone through while a list's entry is added
  spread(weights);
  products_.resize(which.size());
  const std::size_t usual = rows.entries() / std::max<std::size_t>(1, rows.rows());
  if (index.sums(ids_, spread_.values(), which.size() * usual / kGather, which, scratch_, products_.data())) return products_;
  return products(weights, rows, which);
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
