#include "datasets/stored_rows.h"

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "datasets/cache.h"

namespace glissade::datasets {
namespace {

using Put = CacheContents::Put;

/// Part of the names. A change of what such a file holds must raise it.
constexpr std::uint64_t kStoredVersion = 1;

template <class T>
using Read = std::function<Result<void>(std::size_t block, std::vector<T>& out)>;

Result<void> put_offsets(const Put& put, std::size_t blocks, const Read<std::uint32_t>& ends) {
  std::vector<std::uint32_t> of_block;
  std::vector<std::uint64_t> offsets = {0};
  std::uint64_t begin = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    if (auto done = ends(block, of_block); !done) return done;
    for (const std::uint32_t end : of_block) offsets.push_back(begin + end);
    begin += of_block.empty() ? 0 : of_block.back();
    if (auto done = put(std::as_bytes(std::span(offsets))); !done) return done;
    offsets.clear();
  }
  return put(std::as_bytes(std::span(offsets)));
}

template <class T>
Result<void> put_entries(const Put& put, std::size_t blocks, const Read<T>& read) {
  std::vector<T> of_block;
  for (std::size_t block = 0; block < blocks; ++block) {
    if (auto done = read(block, of_block); !done) return done;
    if (auto done = put(std::as_bytes(std::span(of_block))); !done) return done;
  }
  return {};
}

class Contents {
 public:
  Contents(const StoredRows& features, const LabelRows& labels) : features_(features), labels_(labels) {}

  CacheContents::Section feature_offsets() const {
    return [this](const Put& put) { return put_offsets(put, blocks(), feature_ends_); };
  }
  CacheContents::Section feature_ids() const {
    return [this](const Put& put) { return put_entries(put, blocks(), feature_ids_); };
  }
  CacheContents::Section feature_values() const {
    return [this](const Put& put) { return put_entries(put, blocks(), feature_values_); };
  }
  CacheContents::Section label_offsets() const {
    return [this](const Put& put) { return put_offsets(put, blocks(), label_ends_); };
  }
  CacheContents::Section label_ids() const {
    return [this](const Put& put) { return put_entries(put, blocks(), label_ids_); };
  }
  /// Blocks are cut by the text alone, so the same text gives the same hash.
  Result<Hash128> hash(std::uint32_t feature_count, std::uint32_t label_count) const;

 private:
  std::size_t blocks() const noexcept { return features_.blocks(); }
  template <class T>
  static Result<void> add(std::size_t block, const Read<T>& read, std::vector<T>& items, ContentHasher& hasher) {
    if (auto done = read(block, items); !done) return done;
    hasher.add(items.data(), items.size() * sizeof(T));
    return {};
  }

  const StoredRows& features_;
  const LabelRows& labels_;
  Read<std::uint32_t> feature_ends_ = [this](std::size_t block, auto& out) { return features_.ends(block, out); };
  Read<std::uint32_t> feature_ids_ = [this](std::size_t block, auto& out) { return features_.ids(block, out); };
  Read<float> feature_values_ = [this](std::size_t block, auto& out) { return features_.values(block, out); };
  Read<std::uint32_t> label_ends_ = [this](std::size_t block, auto& out) { return labels_.ends(block, out); };
  Read<std::uint32_t> label_ids_ = [this](std::size_t block, auto& out) { return labels_.ids(block, out); };
};

Result<Hash128> Contents::hash(std::uint32_t feature_count, std::uint32_t label_count) const {
  ContentHasher hasher;
  const std::uint64_t counts[] = {kStoredVersion, feature_count, label_count, blocks()};
  hasher.add(counts, sizeof counts);
  std::vector<std::uint32_t> whole;
  std::vector<float> values;
  for (std::size_t block = 0; block < blocks(); ++block) {
    for (const auto* read : {&feature_ends_, &feature_ids_, &label_ends_, &label_ids_}) {
      if (auto done = add(block, *read, whole, hasher); !done) return done.error();
    }
    if (auto done = add(block, feature_values_, values, hasher); !done) return done.error();
  }
  return hasher.value();
}

}  // namespace

Result<Dataset> stored_dataset(const StoredRows& features, std::uint32_t feature_count, const LabelRows& labels,
                               std::uint32_t label_count, const RowSpill& spill, const std::string& source) {
  const Contents contents(features, labels);
  const auto key = contents.hash(feature_count, label_count);
  if (!key) return key.error();
  const std::string path = cache_path(spill.folder(), *key);
  if (auto loaded = load_cache(path, *key)) return std::move(*loaded);
  const CacheContents file{feature_count,
                           label_count,
                           {},
                           {contents.feature_offsets(), contents.feature_ids(), contents.feature_values(),
                            contents.label_offsets(), contents.label_ids()},
                           source};
  if (auto stored = store_cache(path, *key, file); !stored) return stored.error();
  auto loaded = load_cache(path, *key);
  if (!loaded) return spill.failure("what was written cannot be read back");
  return std::move(*loaded);
}

}  // namespace glissade::datasets
