#include "apps/training/sequence_data.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/event_files.h"
#include "datasets/events.h"
#include "datasets/message.h"
#include "datasets/set_rows.h"
#include "datasets/split.h"

namespace glissade::apps {
namespace {

using datasets::ItemSetRows;
using datasets::NextItemRows;
using datasets::Sequences;

DataEvent event_of(const char* role, const std::string& path, const DatasetView& view, const Sequences& sequences) {
  DataEvent event{role, path, view, {}};
  event.read.text_bytes = sequences.text_bytes;
  event.read.total_seconds = sequences.seconds;
  return event;
}

/// Rows of either kind.
struct MadeRows {
  datasets::Dataset data;
  std::uint64_t short_lines = 0;
};

std::string short_text(std::uint64_t short_lines) {
  return short_lines == 0 ? "" : fmt::format(", {} sequences are too short for one", grouped(short_lines));
}

void keep_validation(TrainingData& data, MadeRows rows, const std::string& path, const Sequences& sequences, bool quiet) {
  data.validation = rows.data.view();
  data.validation_path = path;
  data.events.push_back(event_of("validation", path, *data.validation, sequences));
  if (!quiet) note(fmt::format("{} rows to evaluate on{}", grouped(data.validation->size()), short_text(rows.short_lines)));
  data.owners.push_back(std::move(rows.data));
}

/// How files beside the training file are read.
struct KnownSequences {
  const SequenceNotes& notes;
  const DataOptions& how;
  const std::vector<std::string>& names;
  const ItemTable* table;  ///< or null
};

Result<MadeRows> of_last(const Sequences& sequences, const datasets::HistoryRules& rules, std::uint32_t from_end,
                         const std::string& path) {
  auto rows = datasets::last_rows(sequences, rules, from_end, path);
  if (!rows) return rows.error();
  return MadeRows{std::move(rows->data), rows->short_lines};
}

Result<MadeRows> rows_of_file(const std::string& path, const char* what, const KnownSequences& known, bool quiet,
                              Sequences& sequences) {
  auto read = read_known_items(path, quiet ? "" : what, known.names, known.notes, known.how, known.table);
  if (!read) return read.error();
  sequences = std::move(*read);
  if (known.notes.rules.ordered) return of_last(sequences, known.notes.rules, 1, path);
  auto rows = datasets::questions_of_sets(sequences, known.notes.rules, path);
  if (!rows) return rows.error();
  return MadeRows{std::move(rows->data), rows->short_lines};
}

/// What a training file holds.
struct TrainingSequences {
  Sequences train;
  std::optional<Sequences> next;  ///< to evaluate on: of users with events before and after a moment
};

Result<TrainingSequences> read_lines(const TrainingFiles& files, const SequenceOptions& options,
                                     const std::optional<SequenceNotes>& notes, bool quiet) {
  const auto key = options.key(notes);
  if (!key) return key.error();
  auto sequences = datasets::read_sequences(files.train, *key);
  if (!sequences) return sequences.error();
  if (!quiet)
    note(fmt::format("training data {}: {}; read in {}", datasets::quoted(files.train), describe(*sequences),
                     duration_text(sequences->seconds)));
  return TrainingSequences{std::move(*sequences), std::nullopt};
}

/// How a log is read: as that of the model that goes on, else as options say.
Result<std::optional<EventNotes>> events_of(const SequenceOptions& options, const SequenceFiles& how,
                                            const std::optional<SequenceNotes>& notes) {
  const auto columns = options.events(notes);
  if (!columns) return columns.error();
  if (!*columns) return std::optional<EventNotes>();
  if (notes) {
    if (auto same = how.records.check_same(notes->events->has_header, notes->events->separator); !same) return same.error();
    return notes->events;
  }
  const auto separator = how.records.separator();
  if (!separator) return separator.error();
  return std::optional(EventNotes{**columns, how.records.has_header(), *separator});
}

/// Whether a half-life can be told from the times of a log.
Result<void> check_half_life(const SequenceOptions& options, const datasets::HistoryRules& rules, const TrainingFiles& files,
                             const std::optional<EventNotes>& events, const Sequences& sequences) {
  if (rules.half_life == 0) return {};
  if (!events || events->columns.time.empty())
    return usage_error("--event-half-life needs the times of events; give --user, --item and --time, too, or leave it out");
  const auto given = options.half_life();
  if (!given || !given->unit) return {};
  // Seconds since 1970 stay below it for 3,000 years; milliseconds have been above it since 1973.
  constexpr std::int64_t kMostSeconds = 100'000'000'000;
  for (const datasets::EventTime& time : sequences.times) {
    if (time.whole > kMostSeconds)
      return usage_error(fmt::format(
          "--event-half-life with a unit needs dates, or seconds since 1970, and column '{}' of {} has {}; give a number in the "
          "unit of that column",
          datasets::shown(events->columns.time, 60), datasets::quoted(files.train), time.whole));
  }
  return {};
}

/// What is known of the items: by the model that training goes on from, else by the options.
Result<std::optional<ItemTable>> table_of(const SequenceOptions& options, const std::vector<std::string>& items,
                                          const Model* former, bool is_log, bool quiet) {
  auto columns = options.item_columns();
  if (former != nullptr) {
    auto known = ItemTable::of(*former);
    if (!known || !columns) return known;
    return usage_error(
        fmt::format("--item-features: the model was trained {} a table of items; leave it out, or train a new model "
                    "without it",
                    *known ? "with" : "without"));
  }
  if (!columns) return std::optional<ItemTable>();
  if (!is_log) return usage_error("--item-features is for logs of events; leave it out, or train with --user and --item");
  auto table = ItemTable::fit(options.item_file(), std::move(*columns), items, quiet);
  if (!table) return table.error();
  return std::optional(std::move(*table));
}

/// Which feature is which item, for exclude-input: of the features of histories the first of each item, of those of items none.
std::vector<std::uint32_t> items_alone(std::uint32_t features, std::size_t items) {
  std::vector<std::uint32_t> labels(features, RowRelations::kNoLabel);
  std::iota(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(items), 0u);
  return labels;
}

/// The mean weight of events to train on, and a line about it.
double mean_weight(const Sequences& sequences, const std::string& column, bool quiet) {
  double sum = 0;
  for (const float weight : sequences.weights) sum += weight;
  const double mean = sum / static_cast<double>(sequences.weights.size());
  const auto [least, most] = std::ranges::minmax(sequences.weights);
  if (!quiet)
    note(fmt::format("event weights: '{}' is {:g} to {:g}; an event counts by its weight over the mean, {:.6g}",
                     datasets::shown(column, 60), least, most, mean));
  return mean;
}

Result<TrainingSequences> read_log(const TrainingFiles& files, const EventNotes& events, const std::string& format, bool ordered,
                                   bool quiet) {
  if (files.time_share > 0 && events.columns.time.empty())
    return usage_error("--split time needs the times of events; give --time COLUMN, too");
  auto log = read_event_log(files.train, quiet ? "" : "training data", events, format, {}, ordered);
  if (!log) return log.error();
  if (files.time_share == 0) return TrainingSequences{std::move(log->sequences), std::nullopt};
  auto split = split_by_time(*log, files.time_share, files.train);
  if (!split) return split.error();
  if (!quiet)
    note(fmt::format(
        "split by time: {} events to train on, {} after them; {} users have both, and {} of their next items are unknown before",
        grouped(split->before.items.size()), grouped(split->later), grouped(split->next.size()), grouped(split->next.unknown)));
  return TrainingSequences{std::move(split->before), std::move(split->next)};
}

/// The files beside the training file.
Result<void> read_others(TrainingData& data, const TrainingFiles& files, const KnownSequences& known, bool quiet) {
  Sequences other;
  if (!files.valid.empty()) {
    auto valid = rows_of_file(files.valid, "validation data", known, quiet, other);
    if (!valid) return valid.error();
    keep_validation(data, std::move(*valid), files.valid, other, quiet);
  }
  if (files.test.empty()) return {};
  auto test = rows_of_file(files.test, "test data", known, quiet, other);
  if (!test) return test.error();
  data.events.push_back(event_of("test", files.test, test->data.view(), other));
  (data.validation ? data.test : data.validation) = test->data.view();
  if (data.validation_path.empty()) data.validation_path = files.test;
  data.owners.push_back(std::move(test->data));
  return {};
}

/// Whether the order that items stand in says something, and a line about it.
bool order_tells(const Sequences& sequences, bool quiet) {
  const OrderEvidence evidence = order_evidence(sequences.histories(), sequences.names);
  const bool tells = evidence.tells();
  const std::string why =
      evidence.sorted ? "items stand in the order of their names"
                      : fmt::format("the same two items follow each other {} times, {} times in a drawn order",
                                    grouped(evidence.equal), grouped(static_cast<std::uint64_t>(evidence.by_chance + 0.5)));
  const char* const taken = tells ? "on: {}, so a user's items are in an order; --sequence-order off takes them as a set"
                                  : "off: {}, so a user's items are a set; --time COLUMN or --sequence-order on says otherwise";
  if (!quiet) note("sequence-order " + fmt::format(fmt::runtime(taken), why));
  return tells;
}

/// Rows to train on whose items are in an order.
Result<void> keep_ordered(TrainingData& data, const Sequences& sequences, const datasets::HistoryRules& rules,
                          const TrainingFiles& files, bool quiet) {
  auto rows = prefix_rows(sequences, rules, files.holdout_last, files.train);
  if (!rows) return rows.error();
  data.train = rows->data.view();
  data.excludes_seen = rows->never_repeats;
  data.events.push_back(event_of("train", files.train, data.train, sequences));
  if (!quiet) note(fmt::format("{} rows to train on{}", grouped(data.train.size()), short_text(rows->short_lines)));
  data.owners.push_back(std::move(rows->data));
  return {};
}

/// Rows to train on of sets, and those of sets that are held out.
Result<void> keep_sets(TrainingData& data, const Sequences& sequences, const datasets::HistoryRules& rules,
                       const TrainingFiles& files, const ReadSettings& settings) {
  auto rows = rows_of_sets(sequences, rules, files.holdout_last, files.train);
  if (!rows) return rows.error();
  data.is_set = data.excludes_seen = data.relations.same_ids = true;
  std::vector<std::uint64_t> groups = groups_of_sets(rows->data.view());
  const std::uint64_t all = rows->data.view().size();
  std::optional<datasets::Dataset> held_out;
  if (files.holdout > 0) {
    auto [kept, held] = datasets::hold_out(rows->data.view(), files.holdout, settings.seed, {}, groups);
    if (held.view().size() == 0 || kept.view().size() == 0)
      return usage_error(fmt::format("--holdout: {} of {} rows of whole sets leaves none to {} on; hold out {}", files.holdout,
                                     grouped(all), held.view().size() == 0 ? "evaluate" : "train",
                                     held.view().size() == 0 ? "more" : "less"));
    const std::vector<bool> out = datasets::held_out_rows(all, files.holdout, settings.seed, groups);
    std::size_t row = 0;
    std::erase_if(groups, [&](std::uint64_t) { return out[row++]; });
    rows->data = std::move(kept);
    held_out = std::move(held);
  }
  data.relations.groups = std::move(groups);
  data.train = rows->data.view();
  data.train.groups = data.relations.groups;
  data.train.groups_known = true;
  data.events.push_back(event_of("train", files.train, data.train, sequences));
  if (!settings.quiet) note(fmt::format("{} rows to train on{}", grouped(data.train.size()), short_text(rows->short_lines)));
  data.owners.push_back(std::move(rows->data));
  if (held_out) keep_validation(data, {std::move(*held_out), 0}, files.train, sequences, settings.quiet);
  return {};
}

}  // namespace

Result<TrainingData> read_sequence_data(const TrainingFiles& files, const SequenceOptions& options, const SequenceFiles& how,
                                        const std::optional<SequenceNotes>& notes, const Model* former,
                                        const ReadSettings& settings) {
  const bool quiet = settings.quiet;
  const auto events = events_of(options, how, notes);
  if (!events) return events.error();
  auto rules = options.rules(notes);
  if (!rules) return rules.error();
  if (files.time_share > 0 && !*events)
    return usage_error("--split is for logs of events; give --user, --item and --time, too, or leave it out");
  auto read =
      *events ? read_log(files, **events, how.data.format(), rules->ordered, quiet) : read_lines(files, options, notes, quiet);
  if (!read) return read.error();
  Sequences& sequences = read->train;
  if (options.order(notes) == ItemOrder::detect) rules->ordered = order_tells(sequences, quiet);
  if (auto ok = check_half_life(options, *rules, files, *events, sequences); !ok) return ok.error();
  if (!notes && !sequences.weights.empty()) rules->mean_weight = mean_weight(sequences, (*events)->columns.weight, quiet);
  const auto table = table_of(options, sequences.names, former, events->has_value(), quiet);
  if (!table) return table.error();
  if (*table) {
    (*table)->describe(sequences, sequences.names.size());
    if (read->next) (*table)->describe(*read->next, sequences.names.size());
  }
  TrainingData data;
  auto made =
      rules->ordered ? keep_ordered(data, sequences, *rules, files, quiet) : keep_sets(data, sequences, *rules, files, settings);
  if (!made) return made.error();
  const SequenceNotes read_as{sequences.keyed, *rules, *events};
  data.notes = read_as.text();
  if (*table) {
    data.notes += (*table)->notes(sequences.names.size());
    data.item_features = (*table)->feature_names();
    data.relations.feature_labels = items_alone(data.train.feature_count, sequences.names.size());
  }
  if (read->next || files.holdout_last > 0) {
    auto held =
        read->next ? of_last(*read->next, *rules, 1, files.train) : of_last(sequences, *rules, files.holdout_last, files.train);
    if (!held) return held.error();
    keep_validation(data, std::move(*held), files.train, read->next ? *read->next : sequences, quiet);
  }
  if (auto done = read_others(data, files, {read_as, how.data, sequences.names, *table ? &**table : nullptr}, quiet); !done)
    return done.error();
  data.item_names = std::move(sequences.names);
  return data;
}

std::vector<std::string> history_names(const std::vector<std::string>& items, bool ordered) {
  if (!ordered) return items;
  std::vector<std::string> names;
  names.reserve(2 * items.size());
  for (const std::string& item : items) names.push_back(item + " (before)");
  for (const std::string& item : items) names.push_back(item + " (last)");
  return names;
}

}  // namespace glissade::apps
