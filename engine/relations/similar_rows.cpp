#include "engine/relations/similar_rows.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_sort.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>

#include "hashing/seeds.h"
#include "hashing/set_minhash.h"

namespace glissade {
namespace {

constexpr std::uint32_t kK = 2;
constexpr std::uint64_t kSeed = 0;         ///< not the run's: what is found is a property of the data
constexpr std::size_t kNext = 4;           ///< rows of a bucket that a row is compared with
constexpr std::size_t kRowsAtOnce = 4096;  ///< rows of a block
constexpr std::uint64_t kNoBucket = ~std::uint64_t{0};

using Range = tbb::blocked_range<std::size_t>;

/// Code and row of each row that is looked at, by code, then by row.
std::vector<std::uint64_t> buckets_of(const DatasetView& data, std::uint32_t table, std::uint64_t one_in) {
  const hashing::SetMinHash hash(kK, kSeed);
  std::vector<std::uint64_t> places(data.size());
  tbb::parallel_for(Range(0, data.size(), kRowsAtOnce), [&](const Range& range) {
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      places[row] = kNoBucket;
      if (data.features.row_ids(row).empty() || data.labels.row_ids(row).empty()) continue;
      const std::uint64_t code = hash.code(data.features.row_ids(row), table);
      if (hashing::mix(code) % one_in == 0) places[row] = code << 32 | row;
    }
  });
  std::erase(places, kNoBucket);
  tbb::parallel_sort(places);
  return places;
}

/// Compares one row after the other with others. One per thread. Takes no memory per feature or label: headers may state
/// billions.
class RowComparison {
 public:
  explicit RowComparison(const DatasetView& data) : data_(data) {}

  void begin(std::uint32_t row) {
    row_ = row;
    sort(data_.features.row_ids(row), features_);
    sort(data_.labels.row_ids(row), labels_);
  }
  SimilarRows with(std::uint32_t other) {
    const std::size_t both = shared(features_, data_.features.row_ids(other));
    const std::size_t either = features_.size() + data_.features.row_ids(other).size() - both;
    return {std::min(row_, other), std::max(row_, other), static_cast<float>(both) / static_cast<float>(either),
            shared(labels_, data_.labels.row_ids(other)) != 0};
  }

 private:
  static void sort(std::span<const std::uint32_t> ids, std::vector<std::uint32_t>& sorted) {
    sorted.assign(ids.begin(), ids.end());
    std::ranges::sort(sorted);
  }
  std::size_t shared(const std::vector<std::uint32_t>& sorted, std::span<const std::uint32_t> ids) {
    sort(ids, other_);
    std::size_t count = 0;
    for (std::size_t a = 0, b = 0; a < sorted.size() && b < other_.size();) {
      count += sorted[a] == other_[b];
      const bool first = sorted[a] <= other_[b], second = other_[b] <= sorted[a];
      a += first;
      b += second;
    }
    return count;
  }

  const DatasetView& data_;
  std::vector<std::uint32_t> features_, labels_, other_;
  std::uint32_t row_ = 0;
};

constexpr auto kPlace = [](const SimilarRows& rows) { return std::uint64_t{rows.first} << 32 | rows.second; };

}  // namespace

void add_similar_rows(const DatasetView& data, std::uint32_t table, std::uint64_t one_in, std::vector<SimilarRows>& known) {
  const std::vector<std::uint64_t> places = buckets_of(data, table, one_in);
  std::vector<std::vector<SimilarRows>> found((places.size() + kRowsAtOnce - 1) / kRowsAtOnce);
  tbb::enumerable_thread_specific<RowComparison> comparisons([&] { return RowComparison(data); });
  tbb::parallel_for(std::size_t{0}, found.size(), [&](std::size_t block) {
    RowComparison& comparison = comparisons.local();
    const std::size_t end = std::min(places.size(), (block + 1) * kRowsAtOnce);
    for (std::size_t i = block * kRowsAtOnce; i < end; ++i) {
      const std::size_t last = std::min(places.size(), i + 1 + kNext);
      if (i + 1 == last || places[i + 1] >> 32 != places[i] >> 32) continue;
      comparison.begin(static_cast<std::uint32_t>(places[i]));
      for (std::size_t j = i + 1; j < last && places[j] >> 32 == places[i] >> 32; ++j) {
        const SimilarRows pair = comparison.with(static_cast<std::uint32_t>(places[j]));
        if (pair.likeness >= kLeastLikeness) found[block].push_back(pair);
      }
    }
  });
  for (const auto& of_block : found) known.insert(known.end(), of_block.begin(), of_block.end());
  tbb::parallel_sort(known.begin(), known.end(), [](const auto& a, const auto& b) { return kPlace(a) < kPlace(b); });
  known.erase(std::unique(known.begin(), known.end(), [](const auto& a, const auto& b) { return kPlace(a) == kPlace(b); }),
              known.end());
}

}  // namespace glissade
