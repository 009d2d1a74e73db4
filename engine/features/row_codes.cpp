#include "engine/features/row_codes.h"

#include <oneapi/tbb/parallel_sort.h>

#include <algorithm>
#include <bit>

#include <glissade/data_profile.h>

#include "engine/features/row_windows.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

RowCode code_of(const DatasetView& data, std::size_t row) noexcept {
  const auto ids = data.features.row_ids(row);
  const auto values = data.features.row_values(row);
  std::uint64_t features = ids.size(), labels = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const float value = values.empty() ? 1.f : values[i];
    features += hashing::mix((std::uint64_t{ids[i]} << 32 | std::bit_cast<std::uint32_t>(value)) + 1);
  }
  if (!data.vectors.empty()) {
    for (const float value : data.vectors.row(row)) features = hashing::mix(features + std::bit_cast<std::uint32_t>(value) + 1);
  }
  for (const std::uint32_t label : data.labels.row_ids(row)) labels += hashing::mix(std::uint64_t{label} + 1);
  if (!data.weights.empty()) labels = hashing::mix(labels + std::bit_cast<std::uint32_t>(data.weights[row]));
  return {features, hashing::mix(features ^ hashing::mix(labels))};
}

}  // namespace

std::vector<RowCode> row_codes(const DatasetView& data, const RowPager* pager) {
  std::vector<RowCode> codes(data.size());
  for_each_row_in_parallel(data, pager, [&](std::size_t row) { codes[row] = code_of(data, row); });
  return codes;
}

SharedRows shared_rows(const DatasetView& trained, const DatasetView& other, const RowPager* trained_pager,
                       const RowPager* other_pager) {
  std::vector<std::uint64_t> inputs, rows;
  for (const RowCode& code : row_codes(trained, trained_pager)) {
    inputs.push_back(code.input);
    rows.push_back(code.row);
  }
  tbb::parallel_sort(inputs);
  tbb::parallel_sort(rows);
  SharedRows shared;
  for (const RowCode& code : row_codes(other, other_pager)) {
    shared.inputs += std::ranges::binary_search(inputs, code.input) ? 1 : 0;
    shared.rows += std::ranges::binary_search(rows, code.row) ? 1 : 0;
  }
  return shared;
}

}  // namespace glissade
