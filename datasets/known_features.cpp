#include "datasets/known_features.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace glissade::datasets {
namespace {

/// How many ids of an ascending row are below `limit`.
std::size_t known_in(std::span<const std::uint32_t> ids, std::uint32_t limit) noexcept {
  return static_cast<std::size_t>(std::lower_bound(ids.begin(), ids.end(), limit) - ids.begin());
}

/// A copy of the known features, and what it was copied from.
struct Clipped {
  Dataset source;
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids = {};
  std::vector<float> values = {};
};

}  // namespace

std::uint64_t drop_features(std::span<std::uint64_t> offsets, std::vector<std::uint32_t>& ids, std::vector<float>& values,
                            std::uint32_t limit) {
  std::uint64_t kept = 0;
  std::uint64_t begin = 0;
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    const std::uint64_t end = offsets[row + 1];
    const std::size_t known = known_in(std::span<const std::uint32_t>(ids).subspan(begin, end - begin), limit);
    std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(begin), known, ids.begin() + static_cast<std::ptrdiff_t>(kept));
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin), known, values.begin() + static_cast<std::ptrdiff_t>(kept));
    kept += known;
    offsets[row + 1] = kept;
    begin = end;
  }
  const std::uint64_t left_out = ids.size() - kept;
  ids.resize(kept);
  values.resize(kept);
  return left_out;
}

Known with_known_features(Dataset data, std::uint32_t features) {
  if (data.view().feature_count <= features) return {std::move(data), 0};
  auto clipped = std::make_shared<Clipped>(Clipped{std::move(data)});
  DatasetView view = clipped->source.view();
  const RowPager* const pager = clipped->source.pager();
  constexpr std::size_t kReleased = 4096;
  clipped->offsets.reserve(view.features.offsets.size());
  for (std::size_t row = 0; row < view.size(); ++row) {
    const auto ids = view.features.row_ids(row);
    const auto values = view.features.row_values(row);
    const auto known = static_cast<std::ptrdiff_t>(known_in(ids, features));
    clipped->ids.insert(clipped->ids.end(), ids.begin(), ids.begin() + known);
    clipped->values.insert(clipped->values.end(), values.begin(), values.begin() + known);
    clipped->offsets.push_back(clipped->ids.size());
    if (pager != nullptr && (row + 1) % kReleased == 0) pager->release(row + 1 - kReleased, row + 1);
  }
  const std::uint64_t left_out = view.features.ids.size() - clipped->ids.size();
  view.feature_count = features;
  view.features = {clipped->offsets, clipped->ids, clipped->values};
  const ReadFacts facts = clipped->source.facts();
  return {Dataset(view, std::move(clipped), nullptr, facts), left_out};
}

std::uint64_t count_labels_from(const DatasetView& data, std::uint32_t limit) noexcept {
  if (data.label_count <= limit) return 0;
  const auto ids = data.labels.ids;
  return static_cast<std::uint64_t>(std::count_if(ids.begin(), ids.end(), [limit](std::uint32_t id) { return id >= limit; }));
}

}  // namespace glissade::datasets
