#include "apps/input/sequence_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/config/choice.h"
#include "apps/config/number_option.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/data_notes.h"
#include "apps/input/record_options.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

using datasets::LineKey;

constexpr std::array<Choice<LineKey>, 3> kKeys = {{{"detect", LineKey::detect}, {"on", LineKey::on}, {"off", LineKey::off}}};
constexpr std::array<Choice<bool>, 2> kSeen = {{{"on", true}, {"off", false}}};
constexpr const char* kFormat = "format sequence\n";

template <class T>
void take_number(std::string_view text, T& out) {
  T value{};
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc()) out = value;
}

}  // namespace

std::string SequenceNotes::text() const {
  return fmt::format("{}sequence-key {}\nsequence-decay {}\nsequence-window {}\n{}", kFormat, keyed ? "on" : "off", rules.decay,
                     rules.window, events ? fmt::format("events {}\n", events->json()) : "");
}

std::optional<SequenceNotes> SequenceNotes::of(const Model& model) {
  const std::string& notes = model.data_notes();
  if (!notes.starts_with(kFormat)) return std::nullopt;
  SequenceNotes found;
  found.keyed = notes_value(notes, "sequence-key") == "on";
  take_number(notes_value(notes, "sequence-decay"), found.rules.decay);
  take_number(notes_value(notes, "sequence-window"), found.rules.window);
  if (const auto events = notes_value(notes, "events"); !events.empty()) found.events = EventNotes::of(events);
  return found;
}

bool never_answers_seen(const Model& model) noexcept {
  const Config& config = model.config();
  return config.candidates.exclude_input && (config.sparse_rows.fan_in != 0 || config.candidates.neighbours != 0);
}

bool reads_sequences(const DataOptions& data, const std::optional<SequenceNotes>& notes) noexcept {
  return data.is_sequence(notes.has_value()) || reads_events(data, notes);
}

bool reads_events(const DataOptions& data, const std::optional<SequenceNotes>& notes) noexcept {
  return notes && notes->events && (data.format().empty() || is_record_format(data.format()));
}

void SequenceOptions::add_options(CLI::App& parser, For command) {
  const std::string group = "Data";
  const std::string usual = command == For::train ? "Default detect: it is if no two lines begin with the same word, and chance "
                                                    "would have made some."
                                                  : "Default: as in the training data of the model.";
  added_.push_back(
      parser
          .add_option("--sequence-key", key_,
                      "Sequences: whether the first word of a line is a key (a user, a session) and no item: detect, "
                      "on or off. " +
                          usual)
          ->type_name("NAME")
          ->group(group));
  if (command == For::train) {
    decay_ = add_number(parser, "--sequence-decay", rules_.decay, {0, 1},
                        "Sequences: value of an item that is one place further back; 0 to 1. Default 0.7.")
                 ->type_name("FACTOR")
                 ->group(group);
    window_ = add_number(parser, "--sequence-window", rules_.window, {1, 100'000},
                         "Sequences: so many last items are looked back at. Default 50.")
                  ->type_name("N")
                  ->group(group);
    held_back_ =
        add_number(parser, "--holdout-last", held_back, {0, 1000},
                   "Sequences: train without the last N items of each and evaluate on the first of these, by what is before it.")
            ->type_name("N");
    added_.insert(added_.end(), {decay_, window_, held_back_});
    add_event_options(parser);
  }
  if (command == For::eval) {
    held_back = 1;
    held_back_ = add_number(parser, "--holdout-last", held_back, {1, 1000},
                            "Sequences: evaluate on item number N from the end of each, by what is before it. Default 1.")
                     ->type_name("N");
    added_.push_back(held_back_);
  }
  if (command != For::train) add_exclude_seen(parser);
}

void SequenceOptions::add_event_options(CLI::App& parser) {
  const std::string group = "Data";
  parser
      .add_option(
          "--user", columns_.user,
          "Train on a log of events (CSV, TSV or JSON lines): the column of whose event it is. A user's items are a sequence. "
          "The model keeps the columns.")
      ->type_name("COLUMN")
      ->group(group);
  parser.add_option("--item", columns_.item, "The column of a log's items.")->type_name("COLUMN")->group(group);
  parser
      .add_option("--time", columns_.time,
                  "The column of a log's times: numbers, or dates (ISO 8601). Default: events stand in the order of time.")
      ->type_name("COLUMN")
      ->group(group);
  parser
      .add_option(
          "--split", split_,
          "A log with times: time:SHARE trains on the first SHARE of the events, such as 0.9, and evaluates on each user's "
          "next event after them.")
      ->type_name("time:SHARE");
}

void SequenceOptions::add_exclude_seen(CLI::App& parser) {
  added_.push_back(
      parser
          .add_option(
              "--exclude-seen", exclude_seen_,
              "Sequences: whether what a sequence has already is left out of the answers, on or off. Default: as the model was "
              "trained (--exclude-input), for items that it looks back at.")
          ->type_name("NAME"));
}

Result<bool> SequenceOptions::excludes_seen(const Model& model, const std::string& path) const {
  if (exclude_seen_.empty()) return false;
  const auto excludes = choose("--exclude-seen", exclude_seen_, kSeen);
  if (!excludes) return excludes;
  if (!*excludes && never_answers_seen(model))
    return usage_error(
        fmt::format("--exclude-seen off: {} was trained with --exclude-input on and never answers what is before; leave it out, "
                    "or train with "
                    "--exclude-input off",
                    datasets::quoted(path)));
  return excludes;
}

bool SequenceOptions::names_events() const noexcept {
  return !columns_.user.empty() || !columns_.item.empty() || !columns_.time.empty();
}

Result<std::optional<datasets::EventColumns>> SequenceOptions::events(const std::optional<SequenceNotes>& notes) const {
  using Columns = std::optional<datasets::EventColumns>;
  const Columns known = notes && notes->events ? Columns(notes->events->columns) : Columns();
  if (!names_events()) return known;
  if (known && *known == columns_) return known;
  if (notes) {
    const auto text = [](const datasets::EventColumns& c) {
      return fmt::format("--user {} --item {}{}", c.user, c.item, c.time.empty() ? "" : " --time " + c.time);
    };
    return usage_error(
        fmt::format("--user, --item, --time: the model was trained with {}; leave them out, or train a new model without it",
                    known ? text(*known) : "lines of items"));
  }
  if (columns_.user.empty() || columns_.item.empty())
    return usage_error("a log of events needs the columns of users and items; give --user COLUMN and --item COLUMN");
  return Columns(columns_);
}

Result<double> SequenceOptions::time_share() const {
  if (split_.empty()) return 0.0;
  double share = 0;
  constexpr std::string_view kBefore = "time:";
  if (split_.starts_with(kBefore)) take_number(std::string_view(split_).substr(kBefore.size()), share);
  if (!(share > 0 && share < 1))
    return usage_error(
        fmt::format("--split: '{}' is none; give time:SHARE with a share between 0 and 1, such as time:0.9", split_));
  return share;
}

bool SequenceOptions::names_held_back() const noexcept { return held_back_ != nullptr && held_back_->count() > 0; }

Result<void> SequenceOptions::check(bool reads_sequences) const {
  if (!key_.empty()) {
    if (const auto key = choose("--sequence-key", key_, kKeys); !key) return key.error();
  }
  if (names_events() && !key_.empty())
    return usage_error("--sequence-key is for lines of items, and a log names its users by --user; leave it out");
  if (auto share = time_share(); !share) return share.error();
  if (!split_.empty() && names_held_back()) return usage_error("--split and --holdout-last exclude each other; give one of them");
  if (!split_.empty() && !reads_sequences)
    return usage_error("--split is for logs of events; give --user, --item and --time, too, or leave it out");
  for (const CLI::Option* option : added_) {
    if (option->count() > 0 && !reads_sequences)
      return usage_error(fmt::format("{} is for sequences; give --format sequence, too, or leave it out", option->get_name()));
  }
  return {};
}

Result<LineKey> SequenceOptions::key(const std::optional<SequenceNotes>& notes) const {
  if (!key_.empty()) {
    auto key = choose("--sequence-key", key_, kKeys);
    if (!key || *key != LineKey::detect) return key;
  }
  if (!notes) return LineKey::detect;
  return notes->keyed ? LineKey::on : LineKey::off;
}

Result<datasets::HistoryRules> SequenceOptions::rules(const std::optional<SequenceNotes>& notes) const {
  if (!notes) return rules_;
  const auto differs = [](const CLI::Option* option, auto given, auto known) -> Result<void> {
    if (option == nullptr || option->count() == 0 || given == known) return {};
    return usage_error(fmt::format("{}: the model has {}, not {}; leave it out, or train a new model without it",
                                   option->get_name(), known, given));
  };
  if (auto same = differs(decay_, rules_.decay, notes->rules.decay); !same) return same.error();
  if (auto same = differs(window_, rules_.window, notes->rules.window); !same) return same.error();
  return notes->rules;
}

std::string describe(const datasets::Sequences& sequences) {
  const double mean =
      static_cast<double>(sequences.items.size()) / static_cast<double>(std::max<std::size_t>(1, sequences.size()));
  return fmt::format("{} sequences of {:.1f} items, {} different ones, the first word of a line is {}", grouped(sequences.size()),
                     mean, grouped(sequences.names.size()), sequences.keyed ? "its key" : "an item");
}

Result<datasets::Sequences> read_known_sequences(const std::string& path, const std::string& what,
                                                 const std::vector<std::string>& names, bool keyed) {
  auto sequences = datasets::read_sequences(path, names, keyed);
  if (!sequences) return sequences;
  if (!what.empty())
    note(fmt::format("{} {}: {}; read in {}", what, datasets::quoted(path), describe(*sequences),
                     duration_text(sequences->seconds)));
  if (sequences->unknown > 0)
    note(fmt::format("{}: {} of {} items are unknown to the model; they are passed over, and cannot be predicted",
                     datasets::quoted(path), grouped(sequences->unknown), grouped(sequences->items.size())));
  return sequences;
}

Result<datasets::Sequences> read_known_items(const std::string& path, const std::string& what,
                                             const std::vector<std::string>& names, const SequenceNotes& notes,
                                             const DataOptions& data) {
  if (!reads_events(data, notes)) return read_known_sequences(path, what, names, notes.keyed);
  auto log = read_event_log(path, what, *notes.events, data.format(), &names);
  if (!log) return log.error();
  return std::move(log->sequences);
}

}  // namespace glissade::apps
