#include "engine/features/row_codes.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_sort.h>

#include <algorithm>
#include <bit>

#include <glissade/data_profile.h>

#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::size_t kRowsAtOnce = 65536, kGrain = 1024;

RowCode code_of(const DatasetView& data, std::size_t row) noexcept {
  const auto ids = data.features.row_ids(row);
  const auto values = data.features.row_values(row);
  std::uint64_t features = ids.size(), labels = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const float value = values.empty() ? 1.f : values[i];
    features += hashing::mix((std::uint64_t{ids[i]} << 32 | std::bit_cast<std::uint32_t>(value)) + 1);
  }
  for (const std::uint32_t label : data.labels.row_ids(row)) labels += hashing::mix(std::uint64_t{label} + 1);
  return {features, hashing::mix(features ^ hashing::mix(labels))};
}

}  // namespace

std::vector<RowCode> row_codes(const DatasetView& data, const RowPager* pager) {
  std::vector<RowCode> codes(data.size());
  for (std::size_t first = 0; first < data.size(); first += kRowsAtOnce) {
    const std::size_t last = std::min(data.size(), first + kRowsAtOnce);
    tbb::parallel_for(tbb::blocked_range<std::size_t>(first, last, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
      for (std::size_t row = range.begin(); row != range.end(); ++row) codes[row] = code_of(data, row);
    });
    if (pager != nullptr) pager->release(first, last);
  }
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
