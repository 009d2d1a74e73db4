#include "engine/learning/merged_paths.h"

#include <algorithm>
#include <vector>

namespace glissade {
namespace {

SparseRowView row_of(const SparseMatrix& rows, std::size_t row) noexcept {
  const std::uint64_t begin = rows.offsets[row], size = rows.offsets[row + 1] - begin;
  return {{rows.ids.data() + begin, size}, {rows.values.data() + begin, size}};
}

/// Row r is row_at(r).
template <class RowAt>
SparseMatrix matrix_from(std::size_t rows, const RowAt& row_at) {
  std::vector<std::uint32_t> lengths(rows);
  for (std::size_t r = 0; r < rows; ++r) lengths[r] = static_cast<std::uint32_t>(row_at(r).ids.size());
  SparseMatrix matrix = matrix_of(lengths);
  for (std::size_t r = 0; r < rows; ++r) {
    const SparseRowView row = row_at(r);
    std::ranges::copy(row.ids, matrix.ids.data() + matrix.offsets[r]);
    std::ranges::copy(row.values, matrix.values.data() + matrix.offsets[r]);
  }
  return matrix;
}

void merge_label_rows(const LabelRowPath& from, LabelRowPath& to) {
  to.rows = matrix_from(from.rows.rows(), [&](std::size_t label) {
    const SparseRow* const changed = from.changed.find(static_cast<std::uint32_t>(label));
    return changed != nullptr ? changed->view() : row_of(from.rows, label);
  });
  to.changed = ChangedRows();
  to.fresh = {};
  to.row_state = {};
}

void merge_neighbours(const NeighbourPath& from, NeighbourPath& to, const LeftOut& left_out) {
  const std::size_t before = from.samples.rows(), added = from.fresh_samples == nullptr ? 0 : from.fresh_samples->size();
  const std::size_t kept = before + added - left_out.count;
  const auto place = [&](std::size_t i) { return i < left_out.first ? i : i + left_out.count; };
  to.samples = matrix_from(kept, [&](std::size_t i) {
    const std::size_t sample = place(i);
    return sample < before ? row_of(from.samples, sample) : from.fresh_samples->row(sample - before);
  });
  std::vector<std::uint64_t> begins{0};
  std::vector<std::uint32_t> labels;
  for (std::size_t i = 0; i < kept; ++i) {
    const auto of_sample = from.labels_of(static_cast<std::uint32_t>(place(i)));
    labels.insert(labels.end(), of_sample.begin(), of_sample.end());
    begins.push_back(labels.size());
  }
  if (!from.sample_weights.empty()) {
    to.sample_weights = Array<float>(kept);
    for (std::size_t i = 0; i < kept; ++i) to.sample_weights[i] = from.weight_of(static_cast<std::uint32_t>(place(i)));
  }
  to.label_begins = Array<std::uint64_t>(begins.size());
  to.labels = Array<std::uint32_t>(labels.size());
  std::ranges::copy(begins, to.label_begins.data());
  std::ranges::copy(labels, to.labels.data());
  to.fresh_samples = nullptr;
  to.fresh = {};
}

}  // namespace

RankedPaths merged_paths(const RankedPaths& paths, std::size_t features, LeftOut neighbours) {
  RankedPaths merged = paths.shared();
  if (!paths.label_rows.empty()) merge_label_rows(paths.label_rows, merged.label_rows);
  if (!paths.neighbours.empty()) merge_neighbours(paths.neighbours, merged.neighbours, neighbours);
  merged.index(features);
  return merged;
}

}  // namespace glissade
