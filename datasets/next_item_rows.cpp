#include "datasets/next_item_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "datasets/memory.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

/// What the finished rows point into.
struct Expansion {
  std::vector<std::uint64_t> feature_offsets = {0};
  std::vector<std::uint32_t> feature_ids;
  std::vector<float> feature_values;
  std::vector<std::uint64_t> label_offsets = {0};
  std::vector<std::uint32_t> label_ids;
  std::vector<std::uint64_t> groups;
};

/// Places of a sequence that become rows: begin .. end - 1.
struct Places {
  std::size_t begin = 0;
  std::size_t end = 0;
};

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
void describe(const ItemFeatures& features, std::uint32_t row, double value, std::uint32_t first, std::vector<Entry>& out) {
  if (row == ItemFeatures::kNoRow) return;
  const auto ids = features.row_ids(row);
  const auto values = features.row_values(row);
  for (std::size_t i = 0; i < ids.size(); ++i) out.push_back({first + ids[i], value * values[i]});
}

/// What is left of an item by the time since the last one. Not less than 2^-24: an item without a value would not be excluded by
/// --exclude-input, which goes by the features of a row.
double freshness(const History& history, std::size_t place, const HistoryRules& rules) noexcept {
  if (rules.half_life == 0 || history.times.empty()) return 1;
  const EventTime &last = history.times.back(), &time = history.times[place];
  const double since = static_cast<double>(last.whole) - static_cast<double>(time.whole) + (last.part - time.part);
  return std::max(std::exp2(-since / rules.half_life), 0x1p-24);
}

/// Fails if the rows would not fit: counted before anything is made.
Result<void> check_size(const std::vector<Places>& places, const Sequences& sequences, const HistoryRules& rules,
                        const std::string& path) {
  const std::uint64_t items = sequences.names.size();
  const std::uint64_t described = sequences.features ? sequences.features->features : 0;
  if (2 * items + described > std::numeric_limits<std::uint32_t>::max() - 2) {
    return runtime_error(fmt::format("{} has {} different items, more than {} have no numbers; leave rare ones out",
                                     datasets::quoted(path), items, std::numeric_limits<std::uint32_t>::max() / 2 - 1));
  }
  const std::uint64_t row_length =
      described == 0 || sequences.features->rows() == 0 ? 0 : sequences.features->ids.size() / sequences.features->rows() + 1;
  std::uint64_t bytes = 0;
  for (const auto& [begin, end] : places) {
    for (std::size_t at = begin; at < end; ++at) {
      const std::uint64_t looked_back = std::min<std::uint64_t>(at, rules.window);
      bytes += 28 + 8 * (looked_back + 1) + 8 * std::min(described, looked_back * row_length);
    }
  }
  return require_memory(bytes, "making rows of " + datasets::quoted(path));
}

/// How many rows would have their next item among those before it if it were drawn from all next items.
double expected_repeats(const Expansion& columns, std::uint32_t items) {
  std::vector<double> next(std::size_t{items} + 1, 0.0);
  for (const std::uint32_t label : columns.label_ids) ++next[label];
  double met = 0;
  for (const std::uint32_t id : columns.feature_ids) met += id < items ? next[id] : 0.0;
  return columns.label_ids.empty() ? 0.0 : met / static_cast<double>(columns.label_ids.size());
}

/// One row per place of each sequence.
Result<NextItemRows> rows_of(const Sequences& sequences, const std::vector<Places>& places, const HistoryRules& rules,
                             const std::string& path) {
  if (auto fits = check_size(places, sequences, rules, path); !fits) return fits.error();
  const auto items = static_cast<std::uint32_t>(sequences.names.size());
  const auto columns = std::make_shared<Expansion>();
  std::uint64_t short_lines = 0, repeats = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto line = sequences.line(i);
    short_lines += places[i].begin >= places[i].end ? 1 : 0;
    for (std::size_t at = places[i].begin; at < places[i].end; ++at) {
      const auto seen = looked_back_at(line.first(at), rules);
      append_history(sequences.history(i, at), rules, items, columns->feature_ids, columns->feature_values);
      columns->label_ids.push_back(line[at]);
      columns->feature_offsets.push_back(columns->feature_ids.size());
      columns->label_offsets.push_back(columns->label_ids.size());
      columns->groups.push_back(sequences.groups[i]);
      repeats += std::ranges::find(seen, line[at]) != seen.end() ? 1 : 0;
    }
  }
  DatasetView view;
  view.feature_count = 2 * items + (sequences.features ? sequences.features->features : 0);
  view.label_count = items + (sequences.unknown > 0 ? 1 : 0);
  view.features = {columns->feature_offsets, columns->feature_ids, columns->feature_values};
  view.labels = {columns->label_offsets, columns->label_ids, {}};
  const double expected = expected_repeats(*columns, items);
  return NextItemRows{Dataset(view, columns), short_lines, repeats, expected};
}

/// `longest` as words for the message where every line is too short.
Error all_short(const Sequences& sequences, std::size_t needed, const std::string& path) {
  std::size_t longest = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) longest = std::max(longest, sequences.line(i).size());
  return runtime_error(
      fmt::format("{}: {} items in a line are needed, the longest has {}; give longer sequences, or hold fewer "
                  "items out",
                  datasets::quoted(path), needed, longest));
}

}  // namespace

Result<NextItemRows> prefix_rows(const Sequences& sequences, const HistoryRules& rules, std::uint32_t held_back,
                                 const std::string& path) {
  std::vector<Places> places(sequences.size());
  bool any = false;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const std::size_t length = sequences.line(i).size();
    if (length < std::size_t{held_back} + 2) continue;
    places[i] = {1, length - held_back};
    any = true;
  }
  if (!any) return all_short(sequences, std::size_t{held_back} + 2, path);
  return rows_of(sequences, places, rules, path);
}

Result<NextItemRows> last_rows(const Sequences& sequences, const HistoryRules& rules, std::uint32_t from_end,
                               const std::string& path) {
  std::vector<Places> places(sequences.size());
  bool any = false;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const std::size_t length = sequences.line(i).size();
    if (length < std::size_t{from_end} + 1) continue;
    places[i] = {length - from_end, length - from_end + 1};
    any = true;
  }
  if (!any) return all_short(sequences, std::size_t{from_end} + 1, path);
  return rows_of(sequences, places, rules, path);
}

SeenItems seen_before(const Sequences& sequences, std::uint32_t from_end) {
  SeenItems seen;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto line = sequences.line(i);
    if (line.size() < std::size_t{from_end} + 1) continue;
    const auto before = line.first(line.size() - from_end);
    seen.items.insert(seen.items.end(), before.begin(), before.end());
    seen.offsets.push_back(seen.items.size());
  }
  return seen;
}

void append_history(const History& history, const HistoryRules& rules, std::uint32_t items, std::vector<std::uint32_t>& ids,
                    std::vector<float>& values) {
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
    if (history.features != nullptr) describe(*history.features, history.rows[place], value, 2 * items, described);
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

}  // namespace glissade::datasets
