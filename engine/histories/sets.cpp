#include <glissade/histories.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/histories/set_items.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kDealStream = 102;

/// The items of one set in parts.
class DealtSet {
 public:
  void deal(const History& history, std::uint64_t number, const HistoryRules& rules, std::uint32_t items) {
    different_items(history, rules, set_);
    drawn_.clear();
    for (std::uint32_t place = 0; place < set_.size(); ++place) {
      const std::uint64_t one = set_[place].item < items ? set_[place].item : items + std::uint64_t{set_[place].row};
      drawn_.emplace_back(hashing::derive(number, kDealStream, one), place);
    }
    std::ranges::sort(drawn_);
    parts_ = static_cast<std::uint32_t>(std::min<std::size_t>(kSetParts, set_.size()));
    part_.resize(set_.size());
    for (std::size_t i = 0; i < drawn_.size(); ++i) part_[drawn_[i].second] = static_cast<std::uint32_t>(i % parts_);
  }
  std::uint32_t parts() const noexcept { return set_.size() < 2 ? 0 : parts_; }

  /// Adds the row of a part.
  void append(std::uint32_t part, const SparseRows& features, std::uint32_t items, OwnedRows& rows) {
    others_.clear();
    for (std::size_t i = 0; i < set_.size(); ++i) {
      if (part_[i] != part) {
        others_.push_back(set_[i]);
        continue;
      }
      const std::uint32_t label = std::min(set_[i].item, items);
      const bool known_twice = rows.label_ids.size() > rows.label_offsets.back() && rows.label_ids.back() == label;
      if (!known_twice) rows.label_ids.push_back(label);
    }
    append_set(others_, features, items, rows.feature_ids, rows.feature_values);
    rows.feature_offsets.push_back(rows.feature_ids.size());
    rows.label_offsets.push_back(rows.label_ids.size());
  }

 private:
  std::vector<SetItem> set_, others_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> drawn_;
  std::vector<std::uint32_t> part_;  ///< of each of set_
  std::uint32_t parts_ = 0;
};

}  // namespace

void different_items(const History& history, const HistoryRules& rules, std::vector<SetItem>& set) {
  set.clear();
  for (std::size_t place = 0; place < history.items.size(); ++place) {
    const std::uint32_t row = history.features.rows() == 0 ? History::kNoRow : history.rows[place];
    const double value = history.weights.empty() ? 1.0 : history.weights[place] / rules.mean_weight;
    set.push_back({history.items[place], row, value});
  }
  // Of equal ones the first stays, which has the largest value.
  std::ranges::sort(set, {}, [](const SetItem& one) { return std::tuple(one.item, one.row, -one.value); });
  // Not std::ranges::unique: clang 14, which builds the fuzz targets, cannot compile it.
  const auto rest = std::unique(set.begin(), set.end(), [](const SetItem& one, const SetItem& other) {
    return one.item == other.item && one.row == other.row;
  });
  set.erase(rest, set.end());
}

OwnedRows set_rows(const Histories& histories, std::span<const std::size_t> counts, const HistoryRules& rules,
                   std::uint32_t items, std::uint32_t asked) {
  OwnedRows rows;
  rows.feature_offsets.push_back(0);
  rows.label_offsets.push_back(0);
  bool unknown = false;
  DealtSet set;
  for (std::size_t i = 0; i < histories.size(); ++i) {
    const History history = histories.first(i, counts[i]);
    unknown = unknown || std::ranges::any_of(history.items, [&](std::uint32_t item) { return item >= items; });
    set.deal(history, i, rules, items);
    for (std::uint32_t part = 0; part < std::min(asked, set.parts()); ++part) set.append(part, history.features, items, rows);
  }
  // Where each is 1 none is kept.
  if (histories.weights.empty() && histories.feature_count == 0) rows.feature_values = {};
  rows.feature_count = rules.item_features(items) + histories.feature_count;
  rows.label_count = items + (unknown ? 1 : 0);
  return rows;
}

}  // namespace glissade
