#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/sequences.h"

namespace glissade::datasets {

/// How the items before a moment become a row of features. For M items: feature i, below M, is item i, of the value
///   weight / mean_weight * decay^age * 2^(-time / half_life)
/// summed over the places where it stands: age in places from the last item, time since the last item. Feature M + i is
/// weight / mean_weight (without weights 1) if item i is the last one. Feature 2 M + f
/// is feature f of the items, where they have some: the sum over the places of what stands there times what the item has of it.
struct HistoryRules {
  double decay = 0.7;
  std::uint32_t window = 50;  ///< items looked back at; older ones leave no trace
  double half_life = 0;       ///< in the unit of the times, seconds of dates; 0: times do not count
  double mean_weight = 1;     ///< of the events trained on
  friend bool operator==(const HistoryRules&, const HistoryRules&) = default;
};

/// Rows for M items with F features of their own: D = 2 M + F, L = M.
struct NextItemRows {
  Dataset data;
  std::uint64_t short_lines = 0;  ///< sequences too short for any row
  std::uint64_t repeats = 0;      ///< rows whose next item is among the items looked back at
  double expected_repeats = 0;    ///< if the next items had nothing to do with what is before them

  /// Whether what was there does not come again: no row has it so, although chance alone would have made 20.
  bool never_repeats() const noexcept { return repeats == 0 && expected_repeats >= 20; }
};

/// To train on: a row per item that has another one before it, the item as label, without the last `held_back` of each sequence.
/// Fails if no sequence is long enough, or memory does not suffice. `path` is for messages.
Result<NextItemRows> prefix_rows(const Sequences& sequences, const HistoryRules& rules, std::uint32_t held_back,
                                 const std::string& path);

/// To evaluate on: a row per sequence, of item number `from_end` from its end (1 is the last), by all items before it. An item
/// that is unknown is label M, which no prediction hits. Fails as prefix_rows().
Result<NextItemRows> last_rows(const Sequences& sequences, const HistoryRules& rules, std::uint32_t from_end,
                               const std::string& path);

/// What is before the items that last_rows() asks for, row by row: oldest first, repeats stay, and unknown items are M.
struct SeenItems {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> items;
  SparseRows view() const noexcept { return {offsets, items, {}}; }
};
SeenItems seen_before(const Sequences& sequences, std::uint32_t from_end);

/// To predict: what follows `history`, as a row without label. Appends ids, ascending, and values. `items` is M; numbers from M
/// on stand for unknown items, which have an age and no feature but those of their row.
void append_history(const History& history, const HistoryRules& rules, std::uint32_t items, std::vector<std::uint32_t>& ids,
                    std::vector<float>& values);
/// Likewise of items without weights and times.
void append_history(std::span<const std::uint32_t> history, const HistoryRules& rules, std::uint32_t items,
                    std::vector<std::uint32_t>& ids, std::vector<float>& values);

}  // namespace glissade::datasets
