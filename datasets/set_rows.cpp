#include "datasets/set_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "datasets/memory.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

/// Fails if there are too many items, or rows that ask for `asked` parts would not fit: counted before anything is made.
Result<void> check_room(const Sequences& sequences, const std::vector<std::size_t>& counts, std::uint32_t asked,
                        const std::string& path) {
  const std::uint64_t items = sequences.names.size();
  const std::uint64_t described = sequences.features ? sequences.features->features : 0;
  if (items + described > std::numeric_limits<std::uint32_t>::max() - 2) {
    return runtime_error(
        fmt::format("{} has {} different items with {} features, more than {} have no numbers; leave rare ones out",
                    datasets::quoted(path), items, described, std::numeric_limits<std::uint32_t>::max() - 2));
  }
  const std::uint64_t row_length =
      described == 0 || sequences.features->rows() == 0 ? 0 : sequences.features->ids.size() / sequences.features->rows() + 1;
  std::uint64_t bytes = 0;
  for (const std::size_t count : counts) {
    const std::uint64_t rows = std::min<std::uint64_t>(asked, count);
    bytes += rows * (24 + 8 * count + 8 * std::min(described, count * row_length));
  }
  return require_memory(bytes, "making rows of " + datasets::quoted(path));
}

Result<ItemSetRows> made(const Sequences& sequences, const std::vector<std::size_t>& counts, const HistoryRules& rules,
                         std::uint32_t asked, const std::string& path) {
  if (auto fits = check_room(sequences, counts, asked, path); !fits) return fits.error();
  OwnedRows rows = set_rows(sequences.histories(), counts, rules, static_cast<std::uint32_t>(sequences.names.size()), asked);
  std::uint64_t short_lines = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto line = sequences.line(i).first(counts[i]);
    short_lines += std::ranges::all_of(line, [&](std::uint32_t item) { return item == line.front(); }) ? 1 : 0;
  }
  if (rows.label_ids.empty())
    return runtime_error(fmt::format("{}: no set has two different items, and a row asks for one by another; give larger sets{}",
                                     datasets::quoted(path), asked == kSetParts ? ", or hold fewer items out" : ""));
  return ItemSetRows{Dataset(std::move(rows)), short_lines};
}

}  // namespace

Result<ItemSetRows> rows_of_sets(const Sequences& sequences, const HistoryRules& rules, std::uint32_t held_back,
                                 const std::string& path) {
  std::vector<std::size_t> counts(sequences.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t length = sequences.line(i).size();
    counts[i] = length - std::min<std::size_t>(length, held_back);
  }
  return made(sequences, counts, rules, kSetParts, path);
}

Result<ItemSetRows> questions_of_sets(const Sequences& sequences, const HistoryRules& rules, const std::string& path) {
  std::vector<std::size_t> counts(sequences.size());
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = sequences.line(i).size();
  return made(sequences, counts, rules, 1, path);
}

SeenItems seen_in(const ItemSetRows& rows, std::uint32_t items) {
  SeenItems seen;
  const SparseRows features = rows.data.view().features;
  for (std::size_t row = 0; row < features.rows(); ++row) {
    for (const std::uint32_t id : features.row_ids(row)) {
      if (id < items) seen.items.push_back(id);
    }
    seen.offsets.push_back(seen.items.size());
  }
  return seen;
}

}  // namespace glissade::datasets
