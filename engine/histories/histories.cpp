#include <glissade/histories.h>

#include <algorithm>
#include <cmath>

#include "engine/histories/set_items.h"

namespace glissade {
namespace {

std::span<const std::uint32_t> looked_back_at(std::span<const std::uint32_t> history, const HistoryRules& rules) noexcept {
  return history.last(std::min<std::size_t>(history.size(), rules.window));
}

struct Entry {
  std::uint32_t id;
  double value;
};

/// Appends the sum of each id's values, in the order of ids.
void append_sums(std::vector<Entry>& entries, std::vector<std::uint32_t>& ids, std::vector<float>& values) {
  // Stable: values of an item that stands at several places are added up in the order of their ages.
  std::ranges::stable_sort(entries, {}, &Entry::id);
  for (std::size_t i = 0; i < entries.size();) {
    double value = 0;
    const std::uint32_t id = entries[i].id;
    for (; i < entries.size() && entries[i].id == id; ++i) value += entries[i].value;
    ids.push_back(id);
    values.push_back(static_cast<float>(value));
  }
}

/// Adds the features of an item, times `value`; their ids begin at `first`.
void describe(const SparseRows& features, std::uint32_t row, double value, std::uint32_t first, std::vector<Entry>& out) {
  if (row == History::kNoRow) return;
  const auto ids = features.row_ids(row);
  const auto values = features.row_values(row);
  for (std::size_t i = 0; i < ids.size(); ++i) out.push_back({first + ids[i], value * values[i]});
}

/// What is left of an item by the time since the last one. Not less than 2^-24: an item without a value would not be excluded by
/// exclude-input, which goes by the features of a row.
double freshness(const History& history, std::size_t place, const HistoryRules& rules) noexcept {
  if (rules.half_life == 0 || history.times.empty()) return 1;
  const EventTime &last = history.times.back(), &time = history.times[place];
  const double since = static_cast<double>(last.whole) - static_cast<double>(time.whole) + (last.part - time.part);
  return std::max(std::exp2(-since / rules.half_life), 0x1p-24);
}

/// How many rows would have their item among those before it if it were drawn from all of them.
double expected_repeats(const OwnedRows& rows, std::uint32_t items) {
  std::vector<double> next(std::size_t{items} + 1, 0.0);
  for (const std::uint32_t label : rows.label_ids) ++next[label];
  double met = 0;
  for (const std::uint32_t id : rows.feature_ids) met += id < items ? next[id] : 0.0;
  return rows.label_ids.empty() ? 0.0 : met / static_cast<double>(rows.label_ids.size());
}

}  // namespace

HistoryRows history_rows(const Histories& histories, std::span<const HistoryPlaces> places, const HistoryRules& rules,
                         std::uint32_t items) {
  HistoryRows made;
  OwnedRows& rows = made.rows;
  rows.feature_offsets.push_back(0);
  rows.label_offsets.push_back(0);
  bool unknown = false;
  for (std::size_t i = 0; i < histories.size(); ++i) {
    const auto line = histories.line(i);
    unknown = unknown || std::ranges::find(line, items) != line.end();
    for (std::size_t at = places[i].begin; at < places[i].end; ++at) {
      const auto seen = looked_back_at(line.first(at), rules);
      append_history(histories.first(i, at), rules, items, rows.feature_ids, rows.feature_values);
      rows.label_ids.push_back(line[at]);
      rows.feature_offsets.push_back(rows.feature_ids.size());
      rows.label_offsets.push_back(rows.label_ids.size());
      made.repeats += std::ranges::find(seen, line[at]) != seen.end() ? 1 : 0;
    }
  }
  rows.feature_count = rules.item_features(items) + histories.feature_count;
  rows.label_count = items + (unknown ? 1 : 0);
  made.expected_repeats = expected_repeats(rows, items);
  return made;
}

void append_set(std::span<const SetItem> set, const SparseRows& features, std::uint32_t items, std::vector<std::uint32_t>& ids,
                std::vector<float>& values) {
  thread_local std::vector<Entry> described;
  described.clear();
  for (const SetItem& one : set) {
    if (one.item < items) {
      ids.push_back(one.item);
      values.push_back(static_cast<float>(one.value));
    }
    describe(features, one.row, one.value, items, described);
  }
  append_sums(described, ids, values);
}

void append_history(const History& history, const HistoryRules& rules, std::uint32_t items, std::vector<std::uint32_t>& ids,
                    std::vector<float>& values) {
  if (!rules.ordered) {
    thread_local std::vector<SetItem> set;
    different_items(history, rules, set);
    return append_set(set, history.features, items, ids, values);
  }
  thread_local std::vector<Entry> row, described;
  row.clear();
  described.clear();
  const auto seen = looked_back_at(history.items, rules);
  if (seen.empty()) return;
  const auto weight_at = [&](std::size_t place) {
    return history.weights.empty() ? 1.0 : history.weights[place] / rules.mean_weight;
  };
  const std::size_t last = history.items.size() - 1;
  double decay = 1;
  for (std::size_t age = 0; age < seen.size(); ++age, decay *= rules.decay) {
    const std::size_t place = last - age;
    const double value = decay * weight_at(place) * freshness(history, place, rules);
    if (history.items[place] < items) row.push_back({history.items[place], value});
    if (history.features.rows() != 0) describe(history.features, history.rows[place], value, 2 * items, described);
  }
  append_sums(row, ids, values);
  if (history.items[last] < items) {
    ids.push_back(items + history.items[last]);
    values.push_back(static_cast<float>(weight_at(last)));
  }
  append_sums(described, ids, values);
}

void append_history(std::span<const std::uint32_t> history, const HistoryRules& rules, std::uint32_t items,
                    std::vector<std::uint32_t>& ids, std::vector<float>& values) {
  append_history(History{history}, rules, items, ids, values);
}

}  // namespace glissade
