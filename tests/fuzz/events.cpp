// Logs of events, and what is made of them: sequences of items, known or not, cut at a moment. The first byte chooses the format
// and the columns.
#include "datasets/events.h"

#include <algorithm>
#include <cmath>

#include "tests/fuzz/target.h"

namespace {

using namespace glissade;
using fuzz::checked;

void check_lines(const datasets::Sequences& lines, std::size_t names) {
  fuzz::require(lines.offsets.front() == 0 && lines.offsets.back() == lines.items.size(),
                "offsets reach from the first to the last");
  fuzz::require(std::ranges::is_sorted(lines.offsets), "offsets ascend");
  for (const std::uint32_t item : lines.items) fuzz::require(item < names, "an item has a name, or is unknown");
}

void check_weights(const datasets::Sequences& lines, bool weighted) {
  fuzz::require(lines.weights.size() == (weighted ? lines.items.size() : 0), "each event has a weight");
  for (const float weight : lines.weights) fuzz::require(weight > 0 && std::isfinite(weight), "weights are above 0");
}

void check_order(const datasets::EventLog& log) {
  fuzz::require(log.users.size() == log.sequences.size(), "each line has a user");
  if (log.sequences.times.empty()) return;
  fuzz::require(log.sequences.times.size() == log.sequences.items.size(), "each event has a time");
  for (std::size_t line = 0; line < log.sequences.size(); ++line) {
    for (std::uint64_t i = log.sequences.offsets[line] + 1; i < log.sequences.offsets[line + 1]; ++i)
      fuzz::require(!(log.sequences.times[i] < log.sequences.times[i - 1]), "a user's events stand in the order of time");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::single_threaded();
  std::string_view text = fuzz::as_text(data, size);
  const std::uint8_t choice = fuzz::take_byte(text);
  datasets::EventColumns columns{"u", "i", choice % 2 == 0 ? "t" : "", choice & 8 ? "w" : ""};
  datasets::RecordOptions options;
  options.columns = columns.asked();
  if (choice & 2) options.format = choice & 4 ? datasets::RecordFormat::csv : datasets::RecordFormat::json_lines;
  options.block_bytes = 1u + choice / 16u * 9u;
  const fuzz::InMemoryFile file(text);
  const auto opened = datasets::RecordFiles::open(file.path(), options);
  const auto* files = checked(opened);
  if (files == nullptr) return 0;
  if (const auto known = datasets::read_events(*files, columns, {"a", "b"}); const auto* log = checked(known)) {
    check_lines(log->sequences, 3);
    check_order(*log);
  }
  const auto read = datasets::read_events(*files, columns);
  const auto* log = checked(read);
  if (log == nullptr) return 0;
  check_lines(log->sequences, log->sequences.names.size());
  check_order(*log);
  check_weights(log->sequences, !columns.weight.empty());
  if (log->sequences.times.empty()) return 0;
  const auto cut = datasets::split_by_time(*log, (1 + choice % 9) / 10.0, file.path());
  if (const auto* split = checked(cut)) {
    check_lines(split->before, split->before.names.size());
    check_lines(split->next, split->before.names.size() + 1);
    check_weights(split->next, !columns.weight.empty());
    fuzz::require(split->before.items.size() + split->later == log->sequences.items.size(),
                  "an event lies before the moment or after");
  }
  return 0;
}
