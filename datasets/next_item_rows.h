#pragma once

#include <glissade/histories.h>
#include <glissade/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/sequences.h"

namespace glissade::datasets {

using glissade::append_history;
using glissade::HistoryRules;

/// Rows for M items with F features of their own: D = 2 M + F, or M + F of sets, L = M.
struct NextItemRows {
  Dataset data;
  std::uint64_t short_lines = 0;  ///< sequences too short for any row
  std::uint64_t repeats = 0;      ///< rows whose next item is among the items looked back at
  double expected_repeats = 0;    ///< HistoryRows::expected_repeats
  bool never_repeats = false;     ///< HistoryRows::never_repeats()
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

}  // namespace glissade::datasets
