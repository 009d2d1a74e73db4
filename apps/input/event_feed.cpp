#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/input/event_files.h"
#include "apps/input/record_rows.h"
#include "apps/input/row_feed.h"
#include "datasets/next_item_rows.h"
#include "datasets/records/csv_row.h"
#include "datasets/sequences.h"

namespace glissade::apps {
namespace {

constexpr std::size_t kBlockRows = 4096;

/// The items of each query, without the blanks around them, by the model's numbers.
datasets::Sequences sequences_of(const std::vector<std::string>& queries, const std::vector<std::string>& names) {
  datasets::WordTable known;
  for (const std::string& name : names) known.add(name);
  datasets::Sequences sequences;
  sequences.names = names;
  sequences.offsets.push_back(0);
  for (const std::string& query : queries) {
    datasets::CsvRows cells(query, ',', true);
    if (cells.more()) {
      cells.row([&](const datasets::CsvCell& cell) {
        std::string name(cell.text);
        for (std::size_t at = 0; cell.doubled && (at = name.find("\"\"", at)) != std::string::npos; ++at) name.erase(at, 1);
        const std::size_t begin = std::min(name.find_first_not_of(" \t"), name.size());
        name = name.substr(begin, name.find_last_not_of(" \t") + 1 - begin);
        if (name.empty()) return;
        const std::uint32_t number = known.find(name);
        const bool unknown = number == datasets::WordTable::kNone;
        sequences.unknown += unknown ? 1 : 0;
        sequences.items.push_back(unknown ? static_cast<std::uint32_t>(names.size()) : number);
      });
    }
    sequences.offsets.push_back(sequences.items.size());
  }
  return sequences;
}

/// All sequences are in memory; rows are made of some at a time.
class EventFeed : public RowFeed {
 public:
  EventFeed(datasets::EventLog log, const SequenceNotes& notes, std::size_t items, std::string name)
      : sequences_(std::move(log.sequences)),
        users_(std::move(log.users)),
        replaced_(log.replaced),
        rules_(notes.rules),
        items_(static_cast<std::uint32_t>(items)),
        name_(std::move(name)) {}

  Result<RowBlock> next() override {
    const std::size_t first = next_;
    offsets_.assign(1, 0);
    ids_.clear();
    values_.clear();
    first_ = next_;
    for (std::size_t i = 0; i < kBlockRows && next_ < sequences_.size(); ++i, ++next_) {
      datasets::append_history(sequences_.history(next_, sequences_.line(next_).size()), rules_, items_, ids_, values_);
      offsets_.push_back(ids_.size());
    }
    return RowBlock{{offsets_, ids_, values_},
                    users_.empty() ? std::span<const std::string>() : std::span(users_).subspan(first, next_ - first),
                    {}};
  }

  SparseRows seen() const override {
    return {std::span(sequences_.offsets).subspan(first_, next_ - first_ + 1), sequences_.items, {}};
  }

  std::vector<std::string> told() const override {
    std::vector<std::string> lines;
    if (replaced_ > 0) lines.push_back(replaced_text(name_, replaced_));
    if (sequences_.unknown > 0) lines.push_back(unknown_text(name_, sequences_));
    return lines;
  }

 private:
  datasets::Sequences sequences_;
  std::vector<std::string> users_;  ///< of each; none of queries
  std::uint64_t replaced_;          ///< texts that were not UTF-8
  datasets::HistoryRules rules_;
  std::uint32_t items_;
  std::string name_;
  std::size_t first_ = 0, next_ = 0;  ///< lines of the last block, and behind it
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> values_;
};

}  // namespace

Result<std::unique_ptr<RowFeed>> feed_of_events(const RowInput& input, const SequenceNotes& notes, std::string_view format,
                                                const Model& model, const ItemTable* table) {
  const auto& names = model.label_names();
  datasets::EventLog events;
  if (input.queries.empty()) {
    const auto reading = notes.events->reading(format);
    if (!reading) return reading.error();
    const auto file = datasets::RecordFiles::open(input.path, *reading);
    if (!file) return file.error();
    auto log = read_known_events(*file, notes.events->columns, {&names, table});
    if (!log) return log.error();
    events = std::move(*log);
  } else {
    events.sequences = sequences_of(input.queries, table == nullptr ? names : table->looked_up(names));
    if (table != nullptr) table->describe(events.sequences, names.size());
  }
  return std::unique_ptr<RowFeed>(std::make_unique<EventFeed>(std::move(events), notes, names.size(), input.name()));
}

}  // namespace glissade::apps
