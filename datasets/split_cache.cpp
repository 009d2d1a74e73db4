#include "datasets/split_cache.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "datasets/cache.h"
#include "datasets/split.h"

namespace glissade::datasets {
namespace {

/// Part of the names. A change of which rows held_out_rows() chooses must raise it: old files would hold another split.
constexpr std::uint64_t kSplitVersion = 1;

/// The rows of one side of a split.
struct Part {
  const Dataset& data;
  const std::vector<bool>& chosen;
  bool wanted;

  bool has(std::size_t row) const { return chosen[row] == wanted; }
};

template <class T>
Result<void> put_items(const CacheContents::Put& put, std::span<const T> items) {
  return put(std::as_bytes(items));
}

Result<void> put_offsets(const CacheContents::Put& put, const Part& part, std::span<const std::uint64_t> offsets) {
  constexpr std::size_t kGathered = 8192;
  std::vector<std::uint64_t> gathered = {0};
  std::uint64_t end = 0;
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    if (!part.has(row)) continue;
    gathered.push_back(end += offsets[row + 1] - offsets[row]);
    if (gathered.size() < kGathered) continue;
    if (auto done = put_items<std::uint64_t>(put, gathered); !done) return done;
    gathered.clear();
  }
  return put_items<std::uint64_t>(put, gathered);
}

/// The ids or the values of the rows: as they lie in the file, rows beside each other in one piece.
template <class T>
Result<void> put_entries(const CacheContents::Put& put, const Part& part, std::span<const std::uint64_t> offsets,
                         std::span<const T> entries) {
  RowTrail trail(part.data.pager(), part.data.view());
  const std::size_t rows = part.data.view().size();
  for (std::size_t row = 0; row < rows;) {
    const std::size_t begin = row;
    while (row < rows && part.has(row) && offsets[row] - offsets[begin] < RowTrail::kEntries) ++row;
    if (auto done = put_items(put, entries.subspan(offsets[begin], offsets[row] - offsets[begin])); !done) return done;
    while (row < rows && !part.has(row)) ++row;
    trail.passed(row);
  }
  return {};
}

CacheContents contents_of(const Part& part) {
  using Put = CacheContents::Put;
  const DatasetView& view = part.data.view();
  const SparseRows& features = view.features;
  const SparseRows& labels = view.labels;
  CacheContents contents{view.feature_count, view.label_count, part.data.facts(), {}};
  contents.sections = {[&](const Put& put) { return put_offsets(put, part, features.offsets); },
                       [&](const Put& put) { return put_entries(put, part, features.offsets, features.ids); },
                       [&](const Put& put) { return put_entries(put, part, features.offsets, features.values); },
                       [&](const Put& put) { return put_offsets(put, part, labels.offsets); },
                       [&](const Put& put) { return put_entries(put, part, labels.offsets, labels.ids); }};
  return contents;
}

CacheFile place_of(const CacheFile& source, double fraction, std::uint64_t seed, std::span<const std::uint64_t> groups,
                   bool held_out) {
  std::vector<std::uint64_t> parts = {source.key.low, source.key.high,        std::bit_cast<std::uint64_t>(fraction),
                                      seed,           held_out ? 1ull : 0ull, kSplitVersion};
  if (!groups.empty()) {
    const Hash128 of_groups = content_hash(groups.data(), groups.size_bytes());
    parts.insert(parts.end(), {of_groups.low, of_groups.high});
  }
  const Hash128 key = content_hash(parts.data(), parts.size() * sizeof(std::uint64_t));
  return {cache_path(std::filesystem::path(source.path).parent_path().string(), key), key};
}

CacheFile place_of(const CacheFile& source, const std::vector<bool>& chosen) {
  std::vector<std::uint64_t> parts = {source.key.low, source.key.high, kSplitVersion, chosen.size()};
  parts.resize(parts.size() + (chosen.size() + 63) / 64);
  for (std::size_t row = 0; row < chosen.size(); ++row) {
    if (chosen[row]) parts[4 + row / 64] |= 1ull << row % 64;
  }
  const Hash128 key = content_hash(parts.data(), parts.size() * sizeof(std::uint64_t));
  return {cache_path(std::filesystem::path(source.path).parent_path().string(), key), key};
}

std::optional<Dataset> load_or_store(const CacheFile& place, const Part& part) {
  if (auto loaded = load_cache(place.path, place.key)) return loaded;
  if (!store_cache(place.path, place.key, contents_of(part))) return std::nullopt;
  return load_cache(place.path, place.key);
}

}  // namespace

std::optional<std::pair<Dataset, Dataset>> hold_out_in_cache(const Dataset& data, double fraction, std::uint64_t seed,
                                                             std::span<const std::uint64_t> groups) {
  if (!data.cache_file()) return std::nullopt;
  const std::vector<bool> held_out = held_out_rows(data.view().size(), fraction, seed, groups);
  if (std::ranges::find(held_out, true) == held_out.end() || std::ranges::find(held_out, false) == held_out.end())
    return std::nullopt;
  const auto part = [&](bool wanted) {
    return load_or_store(place_of(*data.cache_file(), fraction, seed, groups, wanted), {data, held_out, wanted});
  };
  auto train = part(false);
  if (!train) return std::nullopt;
  auto held = part(true);
  if (!held) return std::nullopt;
  return std::pair(std::move(*train), std::move(*held));
}

std::optional<Dataset> select_in_cache(const Dataset& data, const std::vector<bool>& chosen) {
  if (!data.cache_file() || std::ranges::find(chosen, true) == chosen.end()) return std::nullopt;
  return load_or_store(place_of(*data.cache_file(), chosen), {data, chosen, true});
}

}  // namespace glissade::datasets
