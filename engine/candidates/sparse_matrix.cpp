#include "engine/candidates/sparse_matrix.h"

#include <algorithm>

namespace glissade {

bool are_offsets(const Array<std::uint64_t>& begins, std::size_t end) noexcept {
  if (begins.empty()) return end == 0;
  return begins[0] == 0 && begins[begins.size() - 1] == end && std::is_sorted(begins.data(), begins.data() + begins.size());
}

std::string_view SparseMatrix::defect(std::size_t bound) const noexcept {
  if (!are_offsets(offsets, entries()) || values.size() != entries()) return "sparse rows do not fit together";
  const auto bounded = [bound](std::uint32_t id) { return id < bound; };
  if (!std::all_of(ids.data(), ids.data() + ids.size(), bounded))
    return "a sparse row has an entry beyond the model's features or labels";
  return {};
}

void SparseMatrix::grow(std::size_t rows) {
  const std::size_t before = offsets.size();
  if (empty() || rows + 1 <= before) return;
  Array<std::uint64_t> longer(rows + 1);
  std::copy(offsets.data(), offsets.data() + before, longer.data());
  std::fill(longer.data() + before, longer.data() + rows + 1, offsets[before - 1]);
  offsets = std::move(longer);
}

SparseMatrix matrix_of(std::span<const std::uint32_t> lengths) {
  SparseMatrix matrix;
  matrix.offsets = Array<std::uint64_t>(lengths.size() + 1);
  std::uint64_t end = 0;
  for (std::size_t row = 0; row < lengths.size(); ++row) matrix.offsets[row + 1] = end += lengths[row];
  matrix.ids = Array<std::uint32_t>(end);
  matrix.values = Array<std::uint16_t>(end);
  return matrix;
}

}  // namespace glissade
