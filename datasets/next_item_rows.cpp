#include "datasets/next_item_rows.h"

#include <fmt/format.h>

#include <algorithm>
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

/// Fails if the rows would not fit: counted before anything is made.
Result<void> check_size(const std::vector<Places>& places, std::uint64_t items, const HistoryRules& rules,
                        const std::string& path) {
  if (items > std::numeric_limits<std::uint32_t>::max() / 2 - 1) {
    return runtime_error(fmt::format("{} has {} different items, more than {} have no numbers; leave rare ones out",
                                     datasets::quoted(path), items, std::numeric_limits<std::uint32_t>::max() / 2 - 1));
  }
  std::uint64_t bytes = 0;
  for (const auto& [begin, end] : places) {
    for (std::size_t at = begin; at < end; ++at) bytes += 28 + 8 * (std::min<std::uint64_t>(at, rules.window) + 1);
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
  if (auto fits = check_size(places, sequences.names.size(), rules, path); !fits) return fits.error();
  const auto items = static_cast<std::uint32_t>(sequences.names.size());
  const auto columns = std::make_shared<Expansion>();
  std::uint64_t short_lines = 0, repeats = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto line = sequences.line(i);
    short_lines += places[i].begin >= places[i].end ? 1 : 0;
    for (std::size_t at = places[i].begin; at < places[i].end; ++at) {
      const auto history = line.first(at), seen = looked_back_at(history, rules);
      append_history(history, rules, items, columns->feature_ids, columns->feature_values);
      columns->label_ids.push_back(line[at]);
      columns->feature_offsets.push_back(columns->feature_ids.size());
      columns->label_offsets.push_back(columns->label_ids.size());
      columns->groups.push_back(sequences.groups[i]);
      repeats += std::ranges::find(seen, line[at]) != seen.end() ? 1 : 0;
    }
  }
  DatasetView view;
  view.feature_count = 2 * items;
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

void append_history(std::span<const std::uint32_t> history, const HistoryRules& rules, std::uint32_t items,
                    std::vector<std::uint32_t>& ids, std::vector<float>& values) {
  struct Entry {
    std::uint32_t id;
    double value;
  };
  thread_local std::vector<Entry> row;
  row.clear();
  const auto seen = looked_back_at(history, rules);
  double weight = 1;
  for (std::size_t age = 0; age < seen.size(); ++age, weight *= rules.decay) {
    const std::uint32_t item = seen[seen.size() - 1 - age];
    if (item < items) row.push_back({item, weight});
  }
  // Stable: values of an item that stands at several places are added up in the order of their ages.
  std::ranges::stable_sort(row, {}, &Entry::id);
  for (std::size_t i = 0; i < row.size();) {
    double value = 0;
    const std::uint32_t id = row[i].id;
    for (; i < row.size() && row[i].id == id; ++i) value += row[i].value;
    ids.push_back(id);
    values.push_back(static_cast<float>(value));
  }
  if (seen.empty() || seen.back() >= items) return;
  ids.push_back(items + seen.back());
  values.push_back(1.f);
}

}  // namespace glissade::datasets
