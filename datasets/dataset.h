#pragma once

#include <glissade/owned_rows.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/content_hash.h"
#include "datasets/format.h"

namespace glissade::datasets {

/// A file of the binary cache, see cache.h.
struct CacheFile {
  std::string path;
  Hash128 key;
};

/// Samples in memory: parsed into vectors, or mapped from the binary cache. Movable; view() stays valid while the Dataset (or the
/// one it was moved to) lives. Immutable, so safe to read from many threads.
class Dataset {
 public:
  using Arrays = OwnedRows;

  explicit Dataset(Arrays arrays, const ReadFacts& facts = {});
  /// `owner` keeps the memory behind `view` alive (a mapped cache file).
  Dataset(DatasetView view, std::shared_ptr<const void> owner, std::shared_ptr<const RowPager> pager = nullptr,
          const ReadFacts& facts = {}, std::optional<CacheFile> cache_file = {});

  /// The same rows with vectors beside them, which `keeps` keeps: one for each row. Copies of parts of it lie in memory.
  Dataset with_vectors(const DenseRows& vectors, std::shared_ptr<const void> keeps) const;

  const DatasetView& view() const noexcept { return view_; }
  /// Null where all is in memory anyway. Lives as long as the Dataset.
  const RowPager* pager() const noexcept { return pager_.get(); }
  const ReadFacts& facts() const noexcept { return facts_; }
  /// The file that the rows are mapped from; none where they are in memory.
  const std::optional<CacheFile>& cache_file() const noexcept { return cache_file_; }

 private:
  std::shared_ptr<const RowPager> pager_;
  std::shared_ptr<const void> owner_;
  DatasetView view_;
  ReadFacts facts_;
  std::optional<CacheFile> cache_file_;
};

}  // namespace glissade::datasets
