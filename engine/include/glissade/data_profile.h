#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/config.h>
#include <glissade/outsized_features.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// What the values of features are, as far as the rows that were looked at tell. Outsized features are left out of account.
enum class ValueKind {
  binary,      ///< all 1
  counts,      ///< whole numbers from 0 on, some above 1
  normalised,  ///< the rows have L2 length 1: weighted already
  real,        ///< anything else
};

/// What can be seen of a data set before anything is trained on it.
struct DataProfile {
  std::uint64_t rows = 0;
  std::uint64_t rows_looked_at = 0;  ///< for the kind of values: some, spread evenly over all
  ValueKind values = ValueKind::binary;
  bool negative = false;                  ///< some value is below 0
  double row_length = 0;                  ///< L2 length of the median row, outsized features left out
  std::vector<OutsizedFeature> outsized;  ///< columns of another scale, the largest first

  /// Features that are labels of their rows: each stands in exactly the rows of one label, and together they explain most labels,
  /// while rows have other features beside them. Weightings with factors ignore them.
  std::uint64_t label_features = 0;

  double features_per_row = 0, labels_per_row = 0;
  std::uint64_t rows_without_features = 0, rows_without_labels = 0;
  std::uint64_t repeated_inputs = 0;  ///< rows with the features and values of a row before them
  std::uint64_t repeated_rows = 0;    ///< of these, the ones with the labels of such a row, too

  std::uint32_t features_used = 0, labels_used = 0;  ///< that occur in some row
  std::uint32_t labels_with_one_row = 0;
  double head_share = 0;         ///< part of all labels of rows that are of the most frequent hundredth of the labels used
  std::uint64_t own_ids = 0;     ///< labels of the rows looked at that are among the ids of the same row's features
  double own_ids_by_chance = 0;  ///< the same if features and labels had nothing to do with each other
  /// Features and labels seem to be the same things: none of the labels looked at is among its row's features, where chance alone
  /// would have put 20 and more. Who knows better may set it.
  bool same_things = false;
};

/// Looks at `stated`, data as they are given, which must be legal (Trainer::train_epoch checks that). A function of the rows and
/// their order. Rows are released to `pager` (if any) as they have been looked at. Costs three parallel passes, less than a
/// second for 500,000 rows, and 16 bytes per row, 8 per feature and label. Throws std::bad_alloc.
DataProfile profile(const DatasetView& stated, const RowPager* pager = nullptr);

/// How many rows of other data also stand among those that are trained on.
struct SharedRows {
  std::uint64_t inputs = 0;  ///< with the same features and values
  std::uint64_t rows = 0;    ///< of these, the ones with the same labels, too
};
/// In which of its rows `other` repeats `trained`. Two parallel passes, 16 bytes per row. Rows are compared by 64-bit codes.
SharedRows shared_rows(const DatasetView& trained, const DatasetView& other, const RowPager* trained_pager = nullptr,
                       const RowPager* other_pager = nullptr);

/// The weighting that suits the data, never `automatic`, and why in one sentence without a full stop.
struct WeightingChoice {
  FeatureWeighting weighting = FeatureWeighting::given;
  std::string reason;
};
WeightingChoice choose_weighting(const DataProfile& profile);

}  // namespace glissade
