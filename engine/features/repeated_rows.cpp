#include <glissade/repeated_rows.h>

#include <oneapi/tbb/parallel_sort.h>

#include <compare>
#include <cstddef>
#include <cstdint>

#include "engine/features/row_codes.h"

namespace glissade {
namespace {

struct CodedRow {
  std::uint64_t input, all;
  std::size_t row;
  auto operator<=>(const CodedRow&) const = default;  // NOLINT(modernize-use-nullptr): of clang-tidy 14's own making
};

}  // namespace

std::vector<bool> repeated_rows(const DatasetView& data, const RowPager* pager) {
  const std::vector<RowCode> codes = row_codes(data, pager);
  std::vector<CodedRow> places(codes.size());
  for (std::size_t row = 0; row < codes.size(); ++row) places[row] = {codes[row].input, codes[row].row, row};
  tbb::parallel_sort(places);
  std::vector<bool> repeated(codes.size());
  for (std::size_t begin = 0, end = 0; begin < places.size(); begin = end) {
    end = begin + 1;
    while (end < places.size() && places[end].input == places[begin].input) ++end;
    if (places[end - 1].all != places[begin].all) continue;  // they are sorted: some row of this input has other labels
    for (std::size_t i = begin + 1; i < end; ++i) repeated[places[i].row] = true;
  }
  return repeated;
}

std::vector<bool> repeats_worth_leaving_out(const DatasetView& data, const RowPager* pager) {
  constexpr std::size_t kOneIn = 100;
  std::vector<bool> repeated = repeated_rows(data, pager);
  const auto count = static_cast<std::size_t>(std::ranges::count(repeated, true));
  if (count == 0 || count < repeated.size() / kOneIn) repeated.clear();
  return repeated;
}

}  // namespace glissade
