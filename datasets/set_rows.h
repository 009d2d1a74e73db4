#pragma once

#include <glissade/histories.h>
#include <glissade/result.h>

#include <cstdint>
#include <string>

#include "datasets/dataset.h"
#include "datasets/next_item_rows.h"
#include "datasets/sequences.h"

namespace glissade::datasets {

/// Rows of lines whose order means nothing (HistoryRules::ordered is false), for M items with F features of their own: D = M + F,
/// L = M.
struct ItemSetRows {
  Dataset data;
  std::uint64_t short_lines = 0;  ///< lines of less than two different items
};

/// To train on: set_rows() of each line without its last `held_back` items. Fails if no line has two different items, or memory
/// does not suffice. `path` is for messages.
Result<ItemSetRows> rows_of_sets(const Sequences& sequences, const HistoryRules& rules, std::uint32_t held_back,
                                 const std::string& path);

/// To evaluate on: of each line the first of these rows, which asks for a part of its items by the others. Unknown items are
/// label M, which no prediction hits. Fails likewise.
Result<ItemSetRows> questions_of_sets(const Sequences& sequences, const HistoryRules& rules, const std::string& path);

/// The items that the rows have as features.
SeenItems seen_in(const ItemSetRows& rows, std::uint32_t items);

}  // namespace glissade::datasets
