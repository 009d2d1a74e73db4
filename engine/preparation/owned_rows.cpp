#include <glissade/owned_rows.h>

#include <span>

namespace glissade {
namespace {

/// All of the vectors that the rows of a view lie among.
DenseRows memory_of(DenseRows vectors) noexcept {
  vectors.places = {};
  return vectors;
}

class RowCopier {
 public:
  RowCopier(const DatasetView& view, const std::vector<bool>& chosen, bool wanted) : view_(view) {
    std::size_t rows = 0;
    std::size_t features = 0;
    std::size_t labels = 0;
    for (std::size_t row = 0; row < view.size(); ++row) {
      if (chosen[row] != wanted) continue;
      ++rows;
      features += view.features.row_ids(row).size();
      labels += view.labels.row_ids(row).size();
    }
    rows_.feature_count = view.feature_count;
    rows_.label_count = view.label_count;
    rows_.feature_offsets.reserve(rows + 1);
    rows_.label_offsets.reserve(rows + 1);
    rows_.feature_ids.reserve(features);
    rows_.feature_values.reserve(view.features.values.empty() ? 0 : features);
    rows_.label_ids.reserve(labels);
    rows_.feature_offsets.push_back(0);
    rows_.label_offsets.push_back(0);
    rows_.vectors = memory_of(view.vectors);
    rows_.vector_places.reserve(view.vectors.empty() ? 0 : rows);
    rows_.weights.reserve(view.weights.empty() ? 0 : rows);
    for (std::size_t row = 0; row < view.size(); ++row) {
      if (chosen[row] == wanted) copy(row);
    }
  }

  OwnedRows take() && { return std::move(rows_); }

 private:
  void copy(std::size_t row) {
    append(rows_.feature_ids, view_.features.row_ids(row));
    append(rows_.feature_values, view_.features.row_values(row));
    append(rows_.label_ids, view_.labels.row_ids(row));
    rows_.feature_offsets.push_back(rows_.feature_ids.size());
    rows_.label_offsets.push_back(rows_.label_ids.size());
    if (!view_.vectors.empty()) rows_.vector_places.push_back(view_.vectors.place(row));
    if (!view_.weights.empty()) rows_.weights.push_back(view_.weights[row]);
  }

  template <class T>
  static void append(std::vector<T>& to, std::span<const T> from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  const DatasetView& view_;
  OwnedRows rows_;
};

/// The entries that belong to the rows of a view.
template <class T>
std::span<const T> entries_of(const SparseRows& rows, std::span<const T> all) {
  return all.subspan(rows.offsets.front(), rows.offsets.back() - rows.offsets.front());
}

void put_ids(std::vector<std::uint32_t>& out, const SparseRows& first, const SparseRows& second) {
  const auto one = entries_of(first, first.ids), other = entries_of(second, second.ids);
  out.reserve(one.size() + other.size());
  out.insert(out.end(), one.begin(), one.end());
  out.insert(out.end(), other.begin(), other.end());
}

void put_values(std::vector<float>& out, const SparseRows& rows) {
  if (rows.values.empty()) {
    out.resize(out.size() + (rows.offsets.back() - rows.offsets.front()), 1.f);
  } else {
    const auto values = entries_of(rows, rows.values);
    out.insert(out.end(), values.begin(), values.end());
  }
}

void put_places(std::vector<std::uint32_t>& out, const DatasetView& data, const DenseRows& memory) {
  const bool known = !data.vectors.empty() && data.vectors.data == memory.data;
  for (std::size_t row = 0; row < data.size(); ++row) out.push_back(known ? data.vectors.place(row) : DenseRows::kNone);
}

}  // namespace

DatasetView OwnedRows::view() const noexcept {
  DatasetView view;
  view.feature_count = feature_count;
  view.label_count = label_count;
  view.features = {feature_offsets, feature_ids, feature_values};
  view.labels = {label_offsets, label_ids, {}};
  view.vectors = vectors;
  if (!vectors.empty()) view.vectors.places = vector_places;
  view.weights = weights;
  return view;
}

OwnedRows copy_rows(const DatasetView& data, const std::vector<bool>& chosen, bool wanted) {
  return RowCopier(data, chosen, wanted).take();
}

std::vector<std::uint64_t> joined_offsets(const SparseRows& first, const SparseRows& second) {
  std::vector<std::uint64_t> out;
  out.reserve(first.offsets.size() + second.rows());
  for (const std::uint64_t offset : first.offsets) out.push_back(offset - first.offsets.front());
  const std::uint64_t end = out.back();
  for (const std::uint64_t offset : second.offsets.subspan(1)) out.push_back(end + offset - second.offsets.front());
  return out;
}

OwnedRows join_rows(const DatasetView& data, const DatasetView& more) {
  OwnedRows rows;
  rows.feature_count = data.feature_count;
  rows.label_count = data.label_count;
  rows.feature_offsets = joined_offsets(data.features, more.features);
  put_ids(rows.feature_ids, data.features, more.features);
  if (!data.features.values.empty() || !more.features.values.empty()) {
    rows.feature_values.reserve(rows.feature_ids.size());
    put_values(rows.feature_values, data.features);
    put_values(rows.feature_values, more.features);
  }
  rows.label_offsets = joined_offsets(data.labels, more.labels);
  put_ids(rows.label_ids, data.labels, more.labels);
  if (!data.weights.empty() || !more.weights.empty()) {
    rows.weights.reserve(data.size() + more.size());
    for (std::size_t row = 0; row < data.size(); ++row) rows.weights.push_back(data.weight(row));
    for (std::size_t row = 0; row < more.size(); ++row) rows.weights.push_back(more.weight(row));
  }
  rows.vectors = memory_of(data.vectors);
  if (rows.vectors.empty()) return rows;
  rows.vector_places.reserve(data.size() + more.size());
  put_places(rows.vector_places, data, rows.vectors);
  put_places(rows.vector_places, more, rows.vectors);
  return rows;
}

}  // namespace glissade
