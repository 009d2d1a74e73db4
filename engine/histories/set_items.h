#pragma once

#include <glissade/histories.h>

#include <cstdint>
#include <span>
#include <vector>

namespace glissade {

/// An item of a set.
struct SetItem {
  std::uint32_t item;  ///< M and above: unknown
  std::uint32_t row;   ///< in the features of items, or History::kNoRow
  double value;
};

/// The different items of a history, by number; unknown ones are different where they have different rows. Replaces `set`.
void different_items(const History& history, const HistoryRules& rules, std::vector<SetItem>& set);

/// append_history() of such items, ascending by number; `items` is M.
void append_set(std::span<const SetItem> set, const SparseRows& features, std::uint32_t items, std::vector<std::uint32_t>& ids,
                std::vector<float>& values);

}  // namespace glissade
