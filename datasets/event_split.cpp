#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "datasets/events.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

/// The moment before which `share` of the events lie.
EventTime moment(std::vector<EventTime> times, double share) {
  const double last = static_cast<double>(times.size() - 1);
  const auto rank = static_cast<std::ptrdiff_t>(std::min(share * static_cast<double>(times.size()), last));
  std::ranges::nth_element(times, times.begin() + rank);
  return times[static_cast<std::size_t>(rank)];
}

/// The events of each line before a moment.
std::vector<std::size_t> counts_before(const EventLog& log, const EventTime& at) {
  std::vector<std::size_t> counts;
  const auto& offsets = log.sequences.offsets;
  for (std::size_t line = 0; line < log.sequences.size(); ++line) {
    const auto first = log.sequences.times.begin() + static_cast<std::ptrdiff_t>(offsets[line]);
    const auto last = log.sequences.times.begin() + static_cast<std::ptrdiff_t>(offsets[line + 1]);
    counts.push_back(static_cast<std::size_t>(std::lower_bound(first, last, at) - first));
  }
  return counts;
}

/// New numbers of the items: those of events before the moment keep their order, the others have none, as unknown items.
std::vector<std::uint32_t> renumber(const Sequences& all, const std::vector<std::size_t>& before,
                                    std::vector<std::string>& names) {
  std::vector<bool> trained(all.names.size(), false);
  for (std::size_t line = 0; line < all.size(); ++line) {
    for (const std::uint32_t item : all.line(line).first(before[line])) trained[item] = true;
  }
  std::vector<std::uint32_t> numbers(all.names.size());
  for (std::size_t item = 0; item < all.names.size(); ++item) {
    numbers[item] = static_cast<std::uint32_t>(names.size());
    if (trained[item]) names.push_back(all.names[item]);
  }
  for (std::size_t item = 0; item < all.names.size(); ++item) {
    if (!trained[item]) numbers[item] = static_cast<std::uint32_t>(names.size());
  }
  return numbers;
}

void begin(Sequences& part, const Sequences& all) {
  part.keyed = true;
  part.offsets.push_back(0);
  part.text_bytes = all.text_bytes;
  part.seconds = all.seconds;
}

void add_line(Sequences& part, const History& history, const std::vector<std::uint32_t>& numbers, std::uint64_t group) {
  for (const std::uint32_t item : history.items) {
    part.items.push_back(numbers[item]);
    part.unknown += numbers[item] == part.names.size() ? 1 : 0;
  }
  part.weights.insert(part.weights.end(), history.weights.begin(), history.weights.end());
  part.times.insert(part.times.end(), history.times.begin(), history.times.end());
  part.offsets.push_back(part.items.size());
  part.groups.push_back(group);
}

}  // namespace

Result<TimeSplit> split_by_time(const EventLog& log, double share, const std::string& path) {
  const Sequences& all = log.sequences;
  TimeSplit split;
  split.at = moment(log.sequences.times, share);
  const std::vector<std::size_t> before = counts_before(log, split.at);
  const std::vector<std::uint32_t> numbers = renumber(all, before, split.before.names);
  if (split.before.names.size() < 2)
    return runtime_error(
        fmt::format("{}: a share of {} of the events holds {} different items, and two are needed; give a larger share",
                    datasets::quoted(path), share, split.before.names.size()));
  split.next.names = split.before.names;
  begin(split.before, all);
  begin(split.next, all);
  for (std::size_t line = 0; line < all.size(); ++line) {
    const auto items = all.line(line);
    const std::size_t known = before[line];
    split.later += items.size() - known;
    if (known > 0) add_line(split.before, all.history(line, known), numbers, all.groups[line]);
    if (known > 0 && known < items.size()) add_line(split.next, all.history(line, known + 1), numbers, all.groups[line]);
  }
  if (split.next.size() == 0)
    return runtime_error(
        fmt::format("{}: no user has events on both sides of the moment before which a share of {} of them lies; give "
                    "another share",
                    datasets::quoted(path), share));
  return split;
}

}  // namespace glissade::datasets
