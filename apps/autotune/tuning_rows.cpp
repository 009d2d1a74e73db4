#include "apps/autotune/tuning_rows.h"

#include <algorithm>
#include <cmath>

#include <glissade/options.h>

#include "datasets/split.h"

namespace glissade::apps {
namespace {

constexpr std::uint8_t kTrain = 0, kChoose = 1, kDecide = 2;
/// Of all rows: to choose, and to decide for each split. More rows than these tell nothing that matters, and take time.
constexpr double kChooseShare = 0.1, kDecideShare = 0.1, kMostToChoose = 4000, kMostToDecide = 10'000;

std::uint64_t entries(const SparseRows& rows) { return rows.rows() == 0 ? 0 : rows.offsets.back() - rows.offsets.front(); }

double bytes_of(const DatasetView& view) {
  const double values = view.features.values.empty() ? 4 : 8;
  return values * static_cast<double>(entries(view.features)) + 4.0 * static_cast<double>(entries(view.labels)) +
         24.0 * static_cast<double>(view.size());
}

}  // namespace

TuningRows::TuningRows(const TrainingData& data, bool is_validation, std::uint64_t seed)
    : data_(data), is_validation_(is_validation), seed_(seed) {
  const DatasetView& rows = data.train;
  if (is_validation_) {
    const double all = static_cast<double>(data.validation->size());
    part_.assign(data.validation->size(), kTrain);
    mark(std::min(kMostToChoose, all / 3), kChoose, {});
    mark(std::min(kMostToDecide, all - std::floor(all / 3)), kDecide, {});
    choose_ = part_of(*data.validation, {}, kChoose);
    decide_.push_back(part_of(*data.validation, {}, kDecide));
    part_.assign(rows.size() - rows.added, kTrain);
  } else {
    const double all = static_cast<double>(rows.size() - rows.added);
    part_.assign(rows.size() - rows.added, kTrain);
    mark(std::min(kMostToChoose, kChooseShare * all), kChoose, rows.groups);
    choose_ = part_of(rows, rows.groups, kChoose);
    for (std::uint32_t split = 0; split < kSplits; ++split) {
      mark(std::min(kMostToDecide, kDecideShare * all), static_cast<std::uint8_t>(kDecide + split), rows.groups);
      decide_.push_back(part_of(rows, rows.groups, static_cast<std::uint8_t>(kDecide + split)));
    }
  }
  const auto held = [&](std::uint8_t part) { return static_cast<std::uint64_t>(std::ranges::count(part_, part)); };
  trainable_ = part_.size() - held(kChoose) - held(kDecide);
}

/// About `rows` of those that are not held out yet, whole groups.
void TuningRows::mark(double rows, std::uint8_t part, std::span<const std::uint64_t> groups) {
  std::vector<std::size_t> free;
  std::vector<std::uint64_t> free_groups;
  for (std::size_t row = 0; row < part_.size(); ++row) {
    if (part_[row] != kTrain) continue;
    free.push_back(row);
    if (!groups.empty()) free_groups.push_back(groups[row]);
  }
  if (free.empty()) return;
  const std::vector<bool> held =
      datasets::held_out_rows(free.size(), rows / static_cast<double>(free.size()), seed_ + part, free_groups);
  for (std::size_t i = 0; i < free.size(); ++i) {
    if (held[i]) part_[free[i]] = part;
  }
}

TuningRows::Scored TuningRows::part_of(const DatasetView& view, std::span<const std::uint64_t> groups, std::uint8_t part) const {
  std::vector<bool> chosen(view.size());
  Scored scored;
  for (std::size_t row = 0; row < part_.size(); ++row) {
    chosen[row] = part_[row] == part;
    // Rows without siblings are groups of their own; a row has one number in all splits.
    if (chosen[row]) scored.groups.push_back(groups.empty() ? row : groups[row]);
  }
  scored.owner = datasets::select_rows(view, chosen);
  return scored;
}

double TuningRows::most() const noexcept {
  const double room = 0.3 * static_cast<double>(available_memory());
  return std::min(1.0, room / std::max(1.0, bytes_of(data_.train)));
}

const TuningRows::Trained& TuningRows::train_on(double share, std::uint32_t split) {
  if (share == trained_share_ && (split == trained_split_ || is_validation_)) return trained_;
  trained_ = {};
  const DatasetView& rows = data_.train;
  const auto decide = static_cast<std::uint8_t>(kDecide + split);
  std::vector<std::size_t> free;
  std::vector<std::uint64_t> free_groups;
  for (std::size_t row = 0; row < part_.size(); ++row) {
    if (part_[row] == kChoose || part_[row] == decide) continue;
    free.push_back(row);
    if (!rows.groups.empty()) free_groups.push_back(rows.groups[row]);
  }
  const std::vector<bool> taken = datasets::held_out_rows(free.size(), share, seed_, free_groups);
  std::vector<bool> chosen(rows.size());
  for (std::size_t i = 0; i < free.size(); ++i) {
    if (share < 1 && !taken[i]) continue;
    chosen[free[i]] = true;
    if (!rows.groups.empty()) trained_.groups.push_back(rows.groups[free[i]]);
  }
  for (std::size_t row = part_.size(); row < rows.size(); ++row) {
    chosen[row] = true;
    if (!rows.groups.empty()) trained_.groups.push_back(rows.groups[row]);
  }
  trained_.owner = datasets::select_rows(rows, chosen);
  trained_.view = trained_.owner->view();
  trained_.view.added = rows.added;
  trained_.view.groups = trained_.groups;
  trained_.view.groups_known = rows.groups_known;
  trained_share_ = share;
  trained_split_ = split;
  return trained_;
}

bool TuningRows::suffice() const noexcept {
  const auto has_labels = [](const Scored& part) { return !part.view().labels.ids.empty(); };
  return trainable_ > 0 && has_labels(choose_) && std::ranges::all_of(decide_, has_labels);
}

}  // namespace glissade::apps
