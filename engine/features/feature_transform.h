#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

#include "engine/features/vector_scale.h"
#include "engine/parameters/array.h"

namespace glissade {

/// What happens to the values of a row before any part of a model sees them, in training and in prediction. Of these three, the
/// ones that the weighting asks for, in this order:
///   log     1 + ln v for v >= 1, v itself below; the magnitude only, the sign stays
///   level   v (k + 1) / (v + k (1 - b + b n / m)), k = 1.2, b = 0.75, n the sum of the row's values, those of factor 0
///           left out, m the mean of n over the training rows; magnitudes only, the sign stays
///   factor  v times the factor of its feature, learned from the training rows; 0 for features that are labels of their rows
///           (label_features.h), which new rows have no more
///   length  the row is scaled to L2 length 1; a row of zeros stays
/// tf-idf (Salton & Buckley 1988, "ltc") is log, factor and length, with the factors ln((1 + N) / (1 + rows that have the
/// feature)) + 1, which are finite for features that no row has. bm25 (Robertson & Walker 1994; the weight of a word in a text)
/// is level, factor and length, with the factors ln(1 + (N - rows + 1/2) / (rows + 1/2)). `scaled` is the factor alone: 1, but
/// for outsized features, whose mean magnitude it brings to that of the median feature; so it is within tf-idf and bm25. Const
/// members are thread-safe.
class FeatureTransform {
 public:
  FeatureTransform() = default;
  /// Without factors. `automatic` is as `given`: who trains chooses first (choose_weighting()).
  explicit FeatureTransform(FeatureWeighting weighting, std::size_t vector_width = 0)
      : weighting_(weighting), vectors_(vector_width) {}

  FeatureWeighting weighting() const noexcept { return weighting_; }
  bool is_identity() const noexcept { return weighting_ == FeatureWeighting::given || weighting_ == FeatureWeighting::automatic; }
  /// Whether learn() has to come before apply().
  bool lacks_factors() const noexcept { return has_factors() && factors_.empty(); }

  /// Learns the factors from all rows of `data`. Where there are some already, only those that are 0: of features that the model
  /// did not know before. Four or five passes over the features, 24 bytes per feature meanwhile. Rows are released to `pager` (if
  /// any) as they have been looked at. A function of the rows and their order.
  void learn(const DatasetView& data, const RowPager* pager);

  /// Changes the values of one row with these features in place.
  void apply(std::span<const std::uint32_t> ids, float* values) const noexcept;

  /// All values of `data` after apply(), to be read with its offsets: a float for each entry up to the last. In parallel. Rows
  /// are released to `pager` (if any) as they have been copied.
  Array<float> applied(const DatasetView& data, const RowPager* pager) const;

  /// The same factors, mean length and scale of vectors as `from`, in the same memory.
  void share(const FeatureTransform& from) {
    vectors_.share(from.vectors_);
    factors_ = from.factors_.shared();
    mean_length_ = from.mean_length_.shared();
  }

  /// Room for features that come later, with the factors of features that one row has in all of `rows`.
  void grow(std::size_t features, std::uint64_t rows);

  /// For the model file and for models that start from another: one per feature, or empty.
  Array<float>& factors() noexcept { return factors_; }
  const Array<float>& factors() const noexcept { return factors_; }
  /// Likewise: one number, or empty.
  Array<float>& mean_length() noexcept { return mean_length_; }
  const Array<float>& mean_length() const noexcept { return mean_length_; }
  /// Of the vectors beside the features; empty where rows have none. Known from the beginning, learned by learn().
  VectorScale& vectors() noexcept { return vectors_; }
  const VectorScale& vectors() const noexcept { return vectors_; }
  /// Why the factors cannot be those of `features` features, or "". `trained`: whether there have to be any.
  const char* defect(std::size_t features, bool trained) const noexcept;

 private:
  bool has_factors() const noexcept { return has_idf() || weighting_ == FeatureWeighting::scaled; }
  bool has_idf() const noexcept { return has_log() || has_level(); }
  bool has_log() const noexcept { return weighting_ == FeatureWeighting::tf_idf; }
  bool has_level() const noexcept { return weighting_ == FeatureWeighting::bm25; }
  bool has_length() const noexcept { return has_idf() || weighting_ == FeatureWeighting::unit; }
  float damped(float value) const noexcept;
  float idf(double rows, double all) const noexcept;
  std::vector<float> idf_of(const DatasetView& data, const RowPager* pager) const;
  std::vector<double> mean_magnitudes(const DatasetView& data, const RowPager* pager) const;
  void scale_outsized(const DatasetView& data, const RowPager* pager, std::vector<float>& factors) const;
  float length_of(std::span<const std::uint32_t> ids, std::span<const float> values) const noexcept;
  float find_mean_length(const DatasetView& data, const RowPager* pager) const;
  void level(std::span<const std::uint32_t> ids, float* values) const noexcept;

  FeatureWeighting weighting_ = FeatureWeighting::given;
  Array<float> factors_;
  Array<float> mean_length_;
  VectorScale vectors_;
};

}  // namespace glissade
