#include "datasets/next_item_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "datasets/memory.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

/// Fails if the rows would not fit: counted before anything is made.
Result<void> check_size(const std::vector<HistoryPlaces>& places, const Sequences& sequences, const HistoryRules& rules,
                        const std::string& path) {
  const std::uint64_t items = sequences.names.size();
  const std::uint64_t described = sequences.features ? sequences.features->features : 0;
  if ((rules.ordered ? 2 : 1) * items + described > std::numeric_limits<std::uint32_t>::max() - 2) {
    return runtime_error(fmt::format("{} has {} different items, more than {} have no numbers; leave rare ones out",
                                     datasets::quoted(path), items, std::numeric_limits<std::uint32_t>::max() / 2 - 1));
  }
  const std::uint64_t row_length =
      described == 0 || sequences.features->rows() == 0 ? 0 : sequences.features->ids.size() / sequences.features->rows() + 1;
  std::uint64_t bytes = 0;
  for (const auto& [begin, end] : places) {
    for (std::size_t at = begin; at < end; ++at) {
      const std::uint64_t looked_back = rules.ordered ? std::min<std::uint64_t>(at, rules.window) : at;
      bytes += 28 + 8 * (looked_back + 1) + 8 * std::min(described, looked_back * row_length);
    }
  }
  return require_memory(bytes, "making rows of " + datasets::quoted(path));
}

/// One row per place of each sequence.
Result<NextItemRows> rows_of(const Sequences& sequences, const std::vector<HistoryPlaces>& places, const HistoryRules& rules,
                             const std::string& path) {
  if (auto fits = check_size(places, sequences, rules, path); !fits) return fits.error();
  HistoryRows made = history_rows(sequences.histories(), places, rules, static_cast<std::uint32_t>(sequences.names.size()));
  const auto short_lines =
      static_cast<std::uint64_t>(std::ranges::count_if(places, [](const HistoryPlaces& at) { return at.begin >= at.end; }));
  const bool never = made.never_repeats();
  return NextItemRows{Dataset(std::move(made.rows)), short_lines, made.repeats, made.expected_repeats, never};
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
  std::vector<HistoryPlaces> places(sequences.size());
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
  std::vector<HistoryPlaces> places(sequences.size());
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

}  // namespace glissade::datasets
