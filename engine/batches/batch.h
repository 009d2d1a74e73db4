#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/features/feature_transform.h"

namespace glissade {

/// A mini-batch copied out of a data set in the order given, so that the layers read it front to back: features with explicit
/// values (weighted, then dropout applied) and labels. Buffers are reused from batch to batch.
class Batch {
 public:
  struct Dropout {
    double rate = 0;  ///< part of the features to drop; the others are scaled by 1 / (1 - rate)
    std::uint64_t seed = 0;
  };

  /// Takes samples rows[0], rows[1], ... of `data`. Without `transform` values are taken as given.
  void gather(const DatasetView& data, std::span<const std::uint32_t> rows, const Dropout& dropout,
              const FeatureTransform* transform = nullptr);

  std::size_t size() const noexcept { return features_.rows(); }
  const SparseRows& features() const noexcept { return features_; }
  const SparseRows& labels() const noexcept { return labels_; }

 private:
  void copy_row(const DatasetView& data, std::uint32_t row, std::size_t at) noexcept;
  void drop(std::uint32_t row, std::size_t at, const Dropout& dropout) noexcept;

  std::vector<std::uint64_t> feature_offsets_;
  std::vector<std::uint32_t> feature_ids_;
  std::vector<float> feature_values_;
  std::vector<std::uint64_t> label_offsets_;
  std::vector<std::uint32_t> label_ids_;
  SparseRows features_;
  SparseRows labels_;
};

/// Checks what everything else relies on: the view's counts within those of the model, offsets that ascend and stay within the
/// arrays, every id below the view's count and once in its row, every value finite. Runtime error naming the first bad row.
Result<void> check_view(const DatasetView& data, std::uint32_t feature_count, std::uint32_t label_count);
/// Likewise of one side; `bound`: ids are below it.
Result<void> check_rows(const SparseRows& rows, std::uint32_t bound, const char* what);

/// A legal view as the rest of the engine wants it: with the model's counts, and arrays that end with the last row.
DatasetView fitted(const DatasetView& data, std::uint32_t feature_count, std::uint32_t label_count) noexcept;

}  // namespace glissade
