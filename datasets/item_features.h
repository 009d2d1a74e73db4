#pragma once

#include <glissade/histories.h>

#include <cstdint>
#include <span>
#include <vector>

namespace glissade::datasets {

/// What is known of items beside events: words of their titles, brands and the like. A row per item of a table (CSR).
struct ItemFeatures {
  static constexpr std::uint32_t kNoRow = History::kNoRow;

  std::uint32_t features = 0;  ///< ids are below it
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;  ///< ascending in a row
  std::vector<float> values;

  std::size_t rows() const noexcept { return offsets.size() - 1; }
  SparseRows view() const noexcept { return {offsets, ids, values}; }
  std::span<const std::uint32_t> row_ids(std::size_t row) const noexcept {
    return std::span(ids).subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
  std::span<const float> row_values(std::size_t row) const noexcept {
    return std::span(values).subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

/// Counts of words as weights: 1 + ln of the count, times ln((1 + rows) / (1 + rows with the feature)) + 1, rows of length 1
/// (tf-idf, as docs/data.md has it). `counted`: of `rows` rows those with each feature.
void weigh(ItemFeatures& counts, std::span<const std::uint32_t> counted, std::size_t rows);

}  // namespace glissade::datasets
