#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace glissade {

/// Sparse rows in somebody else's memory (CSR): row r holds entries offsets[r] .. offsets[r + 1] - 1 of `ids`, and of
/// `values` where present (an empty `values` means 1 for each entry). The memory must outlive the view and stay unchanged.
/// A view may be a part of a larger one: its offsets need not start at 0, and `ids` and `values` may reach beyond the last.
struct SparseRows {
  std::span<const std::uint64_t> offsets;  ///< rows + 1 positions, ascending
  std::span<const std::uint32_t> ids;
  std::span<const float> values;

  std::size_t rows() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::span<const std::uint32_t> row_ids(std::size_t row) const noexcept {
    return ids.subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
  std::span<const float> row_values(std::size_t row) const noexcept {
    return values.empty() ? values : values.subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

/// Dense rows in somebody else's memory, such as sentence vectors: `width` floats each, `stride` floats apart. The memory must
/// outlive the view and stay unchanged. Without columns (`width` 0) there are none.
struct DenseRows {
  static constexpr std::uint32_t kNone = 0xffffffffu;

  const float* data = nullptr;
  std::uint32_t width = 0;
  std::size_t stride = 0;
  std::size_t count = 0;  ///< rows in the memory
  /// Where each row of the view lies in the memory, so that rows can be picked without a copy; kNone: that row has no vector.
  /// Empty: row r is the r-th.
  std::span<const std::uint32_t> places = {};

  bool empty() const noexcept { return width == 0; }
  std::size_t rows() const noexcept { return places.empty() ? count : places.size(); }
  std::uint32_t place(std::size_t row) const noexcept { return places.empty() ? static_cast<std::uint32_t>(row) : places[row]; }
  /// `width` floats; empty where the row has no vector.
  std::span<const float> row(std::size_t row) const noexcept {
    const std::uint32_t at = place(row);
    return at == kNone ? std::span<const float>() : std::span(data + at * stride, width);
  }
  /// Rows first .. first + rows - 1 of them.
  DenseRows piece(std::size_t first, std::size_t rows) const noexcept {
    DenseRows part = *this;
    if (empty()) return part;
    part.count = places.empty() ? rows : count;
    if (places.empty()) part.data += first * stride;
    if (!places.empty()) part.places = places.subspan(first, rows);
    return part;
  }
};

/// What a model is asked about: sparse features, and a vector beside them where the model takes vectors (Shape::vector_width).
/// Rows of a model for vectors alone have no features. Made of sparse rows where there are no vectors.
struct InputRows {
  SparseRows features;
  DenseRows vectors;

  InputRows() = default;
  InputRows(const SparseRows& sparse, const DenseRows& dense = {}) noexcept  // NOLINT(google-explicit-constructor)
      : features(sparse), vectors(dense) {}
  InputRows(std::span<const std::uint64_t> offsets, std::span<const std::uint32_t> ids,
            std::span<const float> values = {}) noexcept
      : features{offsets, ids, values} {}

  std::size_t rows() const noexcept { return features.rows(); }
  /// Rows first .. first + rows - 1 of them.
  InputRows piece(std::size_t first, std::size_t rows) const noexcept {
    return {{features.offsets.subspan(first, rows + 1), features.ids, features.values}, vectors.piece(first, rows)};
  }
};

/// Samples to train on or to evaluate: sparse features and label sets. Ids within a row are unique, in any order, and below
/// `feature_count` / `label_count`, which may be less than what the model has; a row may have no label and no feature.
struct DatasetView {
  std::uint32_t feature_count = 0;  ///< D
  std::uint32_t label_count = 0;    ///< L
  SparseRows features;
  SparseRows labels;  ///< no values
  /// One number per row, or empty: nothing is known. Rows with equal numbers are siblings, parts of one thing (folds of a basket,
  /// title and abstract of one record): they are kept together where rows are held out, and do not vote for each other there.
  std::span<const std::uint64_t> groups = {};
  /// relate_rows() has looked for siblings already: without groups, each row is alone. Spares a trainer the search.
  bool groups_known = false;
  /// Rows at the end that say something about labels and are no samples, such as labels' names (label_names.h): they are trained
  /// on, and neither counted nor kept to weigh the paths on.
  std::size_t added = 0;
  DenseRows vectors = {};  ///< one per row beside its features; none where the width is 0. Added rows need not have any
  /// How much each row counts: its loss, its votes as a neighbour, and its part in how the paths are weighed, each times this.
  /// Above 0, with a mean near 1, so that learning rates keep their meaning. Empty: all rows count alike.
  std::span<const float> weights = {};

  float weight(std::size_t row) const noexcept { return weights.empty() ? 1.f : weights[row]; }
  std::size_t size() const noexcept { return features.rows(); }
  InputRows inputs() const noexcept { return {features, vectors}; }
};

/// A number for the content of a data set: the same for every view of the same rows in the same order, whatever memory they lie
/// in and whatever their counts say; another one, but for chance (2^-64), if a row, a value or the order differs. Never 0. XXH3,
/// at memory speed on all threads of the calling arena. Thread-safe. The view must be legal (Trainer::train_epoch checks that).
std::uint64_t fingerprint(const DatasetView& data);

}  // namespace glissade
