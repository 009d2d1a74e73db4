#include "engine/candidates/found_products.h"

#include "engine/candidates/row_lookup.h"
#include "simd/kernels.h"

namespace glissade {

std::span<const float> FoundProducts::of(const FeatureIndex::Scratch& found, const SpreadSample& sample,
                                         const SparseMatrix& rows) {
  const auto& which = found.found();
  const auto& unread = found.unread();
  if (!unread.empty() && !lookup_pays(unread.size(), rows.entries() / rows.rows())) {
    products_.resize(which.size());
    simd::kernels().sparse_dots(sample.data(), rows.ids.data(), rows.values.data(), rows.offsets.data(), which.data(),
                                which.size(), products_.data());
    return products_;
  }
  products_ = found.sums();
  ids_.clear();
  values_.clear();
  for (const std::uint32_t entry : unread) {
    ids_.push_back(sample.ids()[entry]);
    values_.push_back(sample.values()[entry]);
  }
  if (!unread.empty()) add_products(ids_, values_, rows, which, products_.data());
  return products_;
}

}  // namespace glissade
