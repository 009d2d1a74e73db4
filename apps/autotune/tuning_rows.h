#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "apps/training/training_data.h"
#include "datasets/dataset.h"

namespace glissade::apps {

/// The rows of a search. Siblings stay together everywhere. Configurations are chosen on some held-out rows and the choice is
/// decided on others, so that luck on the first does not count. There are several splits: others are held out to decide, and
/// configurations are trained on the rest. Where there are rows to validate on, those are held out, and splits differ by the seed
/// of the training alone. Rows that are no samples (DatasetView::added) are trained on in all splits and shares.
class TuningRows {
 public:
  static constexpr std::uint32_t kSplits = 3;

  /// Rows to score, and the group of each.
  struct Scored {
    std::optional<datasets::Dataset> owner;
    std::vector<std::uint64_t> groups;
    const DatasetView& view() const noexcept { return owner->view(); }
  };
  struct Trained {
    std::optional<datasets::Dataset> owner;
    std::vector<std::uint64_t> groups;  ///< empty: none are known
    DatasetView view;
  };

  /// `data` must outlive the object. `is_validation`: whether data.validation holds rows to choose by, and not the test set.
  TuningRows(const TrainingData& data, bool is_validation, std::uint64_t seed);

  const Scored& to_choose() const noexcept { return choose_; }
  const Scored& to_decide(std::uint32_t split) const noexcept { return decide_[is_validation_ ? 0 : split]; }
  /// Rows that a split trains on, all of them. The largest share of them of which a copy fits into memory.
  std::uint64_t trainable() const noexcept { return trainable_; }
  double most() const noexcept;
  /// A share of them. Valid until the next call.
  const Trained& train_on(double share, std::uint32_t split);
  /// Whether both parts that are held out have labels, and there is something to train on.
  bool suffice() const noexcept;

 private:
  void mark(double rows, std::uint8_t part, std::span<const std::uint64_t> groups);
  Scored part_of(const DatasetView& view, std::span<const std::uint64_t> groups, std::uint8_t part) const;

  const TrainingData& data_;
  bool is_validation_;
  std::uint64_t seed_;
  std::vector<std::uint8_t> part_;  ///< of each row: 0 is not held out, 1 to choose, 2 + split to decide
  std::uint64_t trainable_ = 0;
  Scored choose_;
  std::vector<Scored> decide_;
  Trained trained_;
  double trained_share_ = -1;
  std::uint32_t trained_split_ = 0;
};

}  // namespace glissade::apps
