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

}  // namespace glissade::datasets
