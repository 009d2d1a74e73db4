#include "datasets/dataset.h"

#include <utility>

namespace glissade::datasets {

Dataset::Dataset(Arrays arrays, const ReadFacts& facts) : facts_(facts) {
  const auto held = std::make_shared<const Arrays>(std::move(arrays));
  view_ = held->view();
  owner_ = held;
}

Dataset::Dataset(DatasetView view, std::shared_ptr<const void> owner, std::shared_ptr<const RowPager> pager,
                 const ReadFacts& facts, std::optional<CacheFile> cache_file)
    : pager_(std::move(pager)), owner_(std::move(owner)), view_(view), facts_(facts), cache_file_(std::move(cache_file)) {}

Dataset Dataset::with_vectors(const DenseRows& vectors, std::shared_ptr<const void> keeps) const {
  struct Both {
    std::shared_ptr<const void> rows, vectors;
  };
  DatasetView view = view_;
  view.vectors = vectors;
  // Files of the cache hold no vectors, so what is made of such a file must not replace this.
  return {view, std::make_shared<const Both>(Both{owner_, std::move(keeps)}), pager_, facts_, std::nullopt};
}

}  // namespace glissade::datasets
