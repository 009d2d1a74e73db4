#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>
#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/batches/vector_batch.h"
#include "engine/features/feature_transform.h"

namespace glissade {

/// What the first layer reads of a batch. `vectors`: null where there are none.
struct BatchInputs {
  SparseRows features;
  const VectorBatch* vectors = nullptr;

  BatchInputs(const SparseRows& sparse, const VectorBatch* dense = nullptr) noexcept  // NOLINT(google-explicit-constructor)
      : features(sparse), vectors(dense) {}
};

/// A mini-batch copied out of a data set in the order given, so that the layers read it front to back: features with explicit
/// values (weighted, then dropout applied), vectors (scaled), labels and weights. Buffers are reused from batch to batch.
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
  BatchInputs inputs() const noexcept { return {features_, vectors_.width == 0 ? nullptr : &vectors_}; }
  const SparseRows& labels() const noexcept { return labels_; }
  /// How much each sample counts; empty: all alike.
  std::span<const float> weights() const noexcept { return weights_; }

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
  VectorBatch vectors_;
  std::vector<float> weights_;
};

/// Checks, but for vectors (checked_vectors.h), what everything else relies on: the view's counts within those of the model,
/// offsets that ascend and stay within the arrays, every id below the view's count and once in its row, every value finite.
/// Runtime error naming the first bad row.
Result<void> check_view(const DatasetView& data, std::uint32_t feature_count, std::uint32_t label_count);
/// Likewise of one side; `bound`: ids are below it; `first_row`: number of the first row in messages.
Result<void> check_rows(const SparseRows& rows, std::uint32_t bound, const char* what, std::uint64_t first_row = 0);

/// Error unless there are no weights, or one for each of `rows` rows, each finite and above 0.
Result<void> check_weights(std::span<const float> weights, std::size_t rows);

/// Likewise of what a model of that shape is asked about; `first_row`: number of the first row in messages.
Result<void> check_inputs(const InputRows& inputs, const Shape& shape, std::uint64_t first_row = 0);

/// Rows that a model of that shape is asked about, as samples without labels.
inline DatasetView view_of(const Shape& shape, const InputRows& inputs) noexcept {
  DatasetView view{shape.features, shape.labels, inputs.features, {}};
  view.vectors = inputs.vectors;
  return view;
}

/// A legal view as the rest of the engine wants it: with the model's counts, and arrays that end with the last row.
DatasetView fitted(const DatasetView& data, std::uint32_t feature_count, std::uint32_t label_count) noexcept;

}  // namespace glissade
