#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <glissade/metrics.h>
#include <glissade/result.h>
#include <glissade/views.h>

#include "datasets/dataset.h"

namespace glissade::apps {

/// How many rows epochs before the last one are evaluated on.
struct EvaluationSize {
  static constexpr std::uint64_t kAll = 0xffffffffffffffffu, kAutomatic = 0;
  std::uint64_t rows = kAutomatic;
};

/// The value of --eval-rows. Usage error if it is none.
Result<EvaluationSize> choose_evaluation_size(std::string_view text);

/// The rows that epochs before the last one are evaluated on: all, or some with labels, spread evenly over the data, the same
/// ones each time. An evaluation goes through all labels and paths, where a training step goes through a few labels: on large
/// data it would take longer than the epoch.
class EvaluationRows {
 public:
  using Evaluate = std::function<Result<std::optional<Evaluation>>(const DatasetView&, const RowPager*)>;

  /// `data` and `pager` (null: in memory) must outlive it.
  EvaluationRows(const DatasetView& data, const RowPager* pager, EvaluationSize size);

  /// Scores them, after an epoch of so many seconds. `automatic`: the first time a few rows say how long a row takes, and then as
  /// many are taken as fit into a tenth of the epoch. Nothing if `evaluate` returns nothing.
  Result<std::optional<Evaluation>> evaluate(double epoch_seconds, const Evaluate& evaluate);

  /// Seconds that the next evaluation takes, and one of all rows; 0 = unknown.
  double seconds() const noexcept { return row_seconds_ * static_cast<double>(size()); }
  double seconds_of_all() const noexcept { return row_seconds_ * static_cast<double>(data_.size()); }
  bool are_all() const noexcept { return !some_; }
  std::uint64_t size() const noexcept { return some_ ? some_->view().size() : data_.size(); }

 private:
  Result<bool> choose(double epoch_seconds, const Evaluate& evaluate);
  datasets::Dataset spread(std::uint64_t rows) const;

  DatasetView data_;
  const RowPager* pager_;
  EvaluationSize size_;
  bool chosen_ = false;
  std::optional<datasets::Dataset> some_;
  double row_seconds_ = 0;
};

}  // namespace glissade::apps
