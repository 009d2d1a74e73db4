#include "datasets/append.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include <glissade/owned_rows.h>

#include "datasets/cache.h"

namespace glissade::datasets {
namespace {

using Put = CacheContents::Put;

/// Part of the names. A change of how rows are put together must raise it.
constexpr std::uint64_t kAppendVersion = 1;

/// The entries that belong to the rows of a view.
template <class T>
std::span<const T> entries_of(const SparseRows& rows, std::span<const T> all) {
  return all.subspan(rows.offsets.front(), rows.offsets.back() - rows.offsets.front());
}

std::vector<float> values_of(const SparseRows& rows) {
  if (rows.values.empty()) return std::vector<float>(rows.offsets.back() - rows.offsets.front(), 1.f);
  const auto values = entries_of(rows, rows.values);
  return {values.begin(), values.end()};
}

/// The rows' own entries as they lie in the file, then the others.
template <class T>
Result<void> put_entries(const Put& put, const Dataset& data, const SparseRows& rows, std::span<const T> entries,
                         std::span<const T> more) {
  RowTrail trail(data.pager(), data.view());
  constexpr std::size_t kRowsAtOnce = 4096;
  for (std::size_t row = 0; row < rows.rows(); row += kRowsAtOnce) {
    const std::size_t end = std::min(rows.rows(), row + kRowsAtOnce);
    const auto part = entries.subspan(rows.offsets[row], rows.offsets[end] - rows.offsets[row]);
    if (auto done = put(std::as_bytes(part)); !done) return done;
    trail.passed(end);
  }
  return put(std::as_bytes(more));
}

CacheContents contents_of(const Dataset& data, const DatasetView& more, const std::vector<float>& more_values) {
  const DatasetView& view = data.view();
  const SparseRows& features = view.features;
  const SparseRows& labels = view.labels;
  CacheContents contents{view.feature_count, view.label_count, data.facts(), {}};
  const auto put_offsets = [](const Put& put, const SparseRows& first, const SparseRows& second) {
    return put(std::as_bytes(std::span<const std::uint64_t>(joined_offsets(first, second))));
  };
  contents.sections = {
      [&, put_offsets](const Put& put) { return put_offsets(put, features, more.features); },
      [&](const Put& put) {
        return put_entries(put, data, features, features.ids, entries_of(more.features, more.features.ids));
      },
      [&](const Put& put) { return put_entries(put, data, features, features.values, std::span<const float>(more_values)); },
      [&, put_offsets](const Put& put) { return put_offsets(put, labels, more.labels); },
      [&](const Put& put) { return put_entries(put, data, labels, labels.ids, entries_of(more.labels, more.labels.ids)); }};
  return contents;
}

template <class T>
Hash128 hash_of(std::span<const T> items) {
  return content_hash(items.data(), items.size_bytes());
}

CacheFile place_of(const CacheFile& source, const DatasetView& more, const std::vector<float>& values) {
  std::vector<std::uint64_t> parts = {source.key.low, source.key.high, kAppendVersion};
  for (const Hash128& hash : {hash_of(more.features.offsets), hash_of(entries_of(more.features, more.features.ids)),
                              hash_of(std::span<const float>(values)), hash_of(entries_of(more.labels, more.labels.ids))}) {
    parts.push_back(hash.low);
    parts.push_back(hash.high);
  }
  const Hash128 key = content_hash(parts.data(), parts.size() * sizeof parts.front());
  return {cache_path(std::filesystem::path(source.path).parent_path().string(), key), key};
}

}  // namespace

Dataset append_rows(const Dataset& data, const DatasetView& more) {
  if (!data.cache_file() || data.view().features.values.empty()) return Dataset(join_rows(data.view(), more), data.facts());
  const std::vector<float> values = values_of(more.features);
  const CacheFile place = place_of(*data.cache_file(), more, values);
  if (auto loaded = load_cache(place.path, place.key)) return std::move(*loaded);
  if (store_cache(place.path, place.key, contents_of(data, more, values))) {
    if (auto loaded = load_cache(place.path, place.key)) return std::move(*loaded);
  }
  return Dataset(join_rows(data.view(), more), data.facts());
}

}  // namespace glissade::datasets
