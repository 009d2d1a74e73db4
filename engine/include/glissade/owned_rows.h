#pragma once

#include <cstdint>
#include <vector>

#include <glissade/views.h>

namespace glissade {

/// A data set in memory of its own, but for vectors: those stay where they were, which must outlive it.
struct OwnedRows {
  std::uint32_t feature_count = 0;
  std::uint32_t label_count = 0;
  std::vector<std::uint64_t> feature_offsets = {};
  std::vector<std::uint32_t> feature_ids = {};
  std::vector<float> feature_values = {};  ///< empty: each is 1
  std::vector<std::uint64_t> label_offsets = {};
  std::vector<std::uint32_t> label_ids = {};
  DenseRows vectors = {};                         ///< in the memory that they were in; `places` is not used
  std::vector<std::uint32_t> vector_places = {};  ///< of each row in it, or DenseRows::kNone
  std::vector<float> weights = {};                ///< empty: each is 1

  /// Valid as long as nothing is changed or moved.
  DatasetView view() const noexcept;
};

/// The rows that are marked as `wanted`, in their order. `chosen`: one mark per row. Throws std::bad_alloc.
OwnedRows copy_rows(const DatasetView& data, const std::vector<bool>& chosen, bool wanted = true);

/// The rows of both, one after the other, with the counts of the first, which the ids of the second fit. Rows of the second have
/// vectors where those lie in the memory of the first's. Throws std::bad_alloc.
OwnedRows join_rows(const DatasetView& data, const DatasetView& more);

/// Offsets of the joined rows, from 0.
std::vector<std::uint64_t> joined_offsets(const SparseRows& first, const SparseRows& second);

}  // namespace glissade
