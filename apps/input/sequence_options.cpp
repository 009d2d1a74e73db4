#include "apps/input/sequence_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

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
constexpr std::array<Choice<ItemOrder>, 3> kOrders = {
    {{"detect", ItemOrder::detect}, {"on", ItemOrder::on}, {"off", ItemOrder::off}}};
constexpr std::array<Choice<bool>, 2> kOnOff = {{{"on", true}, {"off", false}}};
constexpr const char* kFormat = "format sequence\n";
constexpr const char* kSetFormat = "format set\n";  // versions that know no sets refuse it

template <class T>
void take_number(std::string_view text, T& out) {
  T value{};
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc()) out = value;
}

}  // namespace

std::string SequenceNotes::text() const {
  std::string weighted;
  if (rules.half_life > 0) weighted += fmt::format("sequence-half-life {}\n", rules.half_life);
  if (rules.mean_weight != 1) weighted += fmt::format("sequence-mean-weight {}\n", rules.mean_weight);
  if (events) weighted += fmt::format("events {}\n", events->json());
  const char* const key = keyed ? "on" : "off";
  if (!rules.ordered) return fmt::format("{}sequence-key {}\n{}", kSetFormat, key, weighted);
  return fmt::format("{}sequence-key {}\nsequence-decay {}\nsequence-window {}\n{}", kFormat, key, rules.decay, rules.window,
                     weighted);
}

std::optional<SequenceNotes> SequenceNotes::of(const Model& model) {
  const std::string& notes = model.data_notes();
  SequenceNotes found;
  found.rules.ordered = !notes.starts_with(kSetFormat);
  if (found.rules.ordered && !notes.starts_with(kFormat)) return std::nullopt;
  found.keyed = notes_value(notes, "sequence-key") == "on";
  take_number(notes_value(notes, "sequence-decay"), found.rules.decay);
  take_number(notes_value(notes, "sequence-window"), found.rules.window);
  take_number(notes_value(notes, "sequence-half-life"), found.rules.half_life);
  take_number(notes_value(notes, "sequence-mean-weight"), found.rules.mean_weight);
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
    order_option_ =
        parser
            .add_option("--sequence-order", order_,
                        "Sequences: whether the order of items means something: detect, on or off. Off: what a user or a "
                        "line has is a set (a basket, likes), and parts of it are asked for by the rest. Default on; "
                        "for a log without --time detect: it does if equal items follow each other more often than in "
                        "a drawn order.")
            ->type_name("NAME")
            ->group(group);
    added_.push_back(order_option_);
    decay_ =
        add_number(parser, "--sequence-decay", rules_.decay, {0, 1},
                   "Sequences: value of an item that is one place further back; 0 to 1. Default 0.7, with --event-half-life 1.")
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
  add_item_options(parser, command);
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
      .add_option(
          "--time", columns_.time,
          "The column of a log's times: numbers, or dates (ISO 8601). Default: events stand in the order of time, or in none: "
          "see --sequence-order.")
      ->type_name("COLUMN")
      ->group(group);
  parser
      .add_option(
          "--event-weight", columns_.weight,
          "The column of how much each event of a log counts in its user's history: numbers above 0, such as seconds, stars "
          "or pieces. They are divided by their mean. Default: all count alike.")
      ->type_name("COLUMN")
      ->group(group);
  half_life_option_ =
      parser
          .add_option(
              "--event-half-life", half_life_,
              "A log with times: the value of an item halves with each such time before the last event of its user. A number in "
              "the unit of the times, or with s, min, h, d or w behind it, such as 30d. Default: times only order events.")
          ->type_name("DURATION")
          ->group(group);
  parser
      .add_option(
          "--split", split_,
          "A log with times: time:SHARE trains on the first SHARE of the events, such as 0.9, and evaluates on each user's "
          "next event after them.")
      ->type_name("time:SHARE");
}

void SequenceOptions::add_item_options(CLI::App& parser, For command) {
  const std::string group = "Data";
  const std::string help =
      command == For::train
          ? "A table of a log's items (CSV, TSV, JSON lines), a record each: words and categories of the items of a history are "
            "features, too. So items that are new or rare count, as well. The model keeps the table."
          : "A table of more items, for a model of a log that was trained with one: they count by their words and categories.";
  parser.add_option("--item-features", item_file_, help)->type_name("FILE")->group(group);
  if (command != For::train) return;
  parser.add_option("--item-key", item_key_, "The table's column of the items. Default: named as the log's (--item).")
      ->type_name("COLUMN")
      ->group(group);
  parser.add_option("--item-text", item_text_, "The table's columns of texts, such as title,description.")
      ->type_name("COLUMN,..")
      ->delimiter(',')
      ->group(group);
  parser.add_option("--item-categories", item_categories_, "The table's columns of categories, such as brand.")
      ->type_name("COLUMN,..")
      ->delimiter(',')
      ->group(group);
}

std::optional<ItemColumns> SequenceOptions::item_columns() const {
  if (item_file_.empty()) return std::nullopt;
  ItemColumns columns{item_key_.empty() ? columns_.item : item_key_, {}};
  for (const std::string& name : item_text_) columns.features.columns.push_back({.name = name, .kind = ColumnKind::text});
  for (const std::string& name : item_categories_)
    columns.features.columns.push_back({.name = name, .kind = ColumnKind::categories});
  return columns;
}

Result<std::optional<ItemTable>> SequenceOptions::item_table(const Model& model, const std::string& path, bool is_log) const {
  auto table = ItemTable::of(model);
  if (!table) return table;
  if (!is_log) {
    if (!item_file_.empty())
      return usage_error("--item-features is for logs of events, and data are lines of items; leave it out, or give a log");
    if (*table) note("lines of items: words and categories of the items do not count; give a log of events to have them count");
    return std::optional<ItemTable>();
  }
  if (item_file_.empty()) return table;
  if (!*table)
    return usage_error(
        fmt::format("--item-features: {} was trained without a table of items; leave it out, or train with "
                    "--item-features",
                    datasets::quoted(path)));
  if (auto added = (*table)->add(item_file_, false); !added) return added.error();
  return table;
}

Result<void> SequenceOptions::check_items(bool reads_sequences) const {
  const bool columns = !item_text_.empty() || !item_categories_.empty();
  if (item_file_.empty()) {
    if (columns || !item_key_.empty())
      return usage_error("--item-key, --item-text and --item-categories name columns of a table; give --item-features, too");
    return {};
  }
  if (!reads_sequences)
    return usage_error("--item-features is for logs of events; leave it out, or train with --user and --item");
  if (decay_ != nullptr && !columns)
    return usage_error("--item-features needs columns; give --item-text, --item-categories or both, too");
  const auto chosen = item_columns();
  return decay_ != nullptr ? validate(chosen->features) : Result<void>();
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
  const auto excludes = choose("--exclude-seen", exclude_seen_, kOnOff);
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
  return !columns_.user.empty() || !columns_.item.empty() || !columns_.time.empty() || !columns_.weight.empty();
}

Result<std::optional<datasets::EventColumns>> SequenceOptions::events(const std::optional<SequenceNotes>& notes) const {
  using Columns = std::optional<datasets::EventColumns>;
  const Columns known = notes && notes->events ? Columns(notes->events->columns) : Columns();
  if (!names_events()) return known;
  if (known && *known == columns_) return known;
  if (notes) {
    const auto text = [](const datasets::EventColumns& c) {
      return fmt::format("--user {} --item {}{}{}", c.user, c.item, c.time.empty() ? "" : " --time " + c.time,
                         c.weight.empty() ? "" : " --event-weight " + c.weight);
    };
    return usage_error(fmt::format("{}: the model was trained with {}; leave them out, or train a new model without it",
                                   columns_.weight.empty() ? "--user, --item, --time" : "--user, --item, --time, --event-weight",
                                   known ? text(*known) : "lines of items"));
  }
  if (columns_.user.empty() || columns_.item.empty())
    return usage_error("a log of events needs the columns of users and items; give --user COLUMN and --item COLUMN");
  return Columns(columns_);
}

bool SequenceOptions::names_half_life() const noexcept { return half_life_option_ != nullptr && half_life_option_->count() > 0; }

Result<HalfLife> SequenceOptions::half_life() const {
  if (!names_half_life()) return HalfLife{};
  constexpr std::array<std::pair<std::string_view, double>, 6> kSeconds = {
      {{"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86'400}, {"w", 604'800}}};
  double value = 0;
  const char* const end = half_life_.data() + half_life_.size();
  const auto read = std::from_chars(half_life_.data(), end, value);
  const std::string_view unit(read.ptr, end);
  const auto known = std::ranges::find(kSeconds, unit, &std::pair<std::string_view, double>::first);
  if (read.ec != std::errc() || known == kSeconds.end() || !(value > 0 && value * known->second <= 1e18))
    return usage_error(fmt::format(
        "--event-half-life: '{}' is none; give a number above 0, in the unit of the times, or with s, min, h, d or w behind it, "
        "such as 30d",
        half_life_));
  return HalfLife{value * known->second, !unit.empty()};
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
  if (!order_.empty()) {
    if (const auto order = choose("--sequence-order", order_, kOrders); !order) return order.error();
  }
  if (names_events() && !key_.empty())
    return usage_error("--sequence-key is for lines of items, and a log names its users by --user; leave it out");
  if (auto share = time_share(); !share) return share.error();
  if (auto items = check_items(reads_sequences); !items) return items;
  if (!split_.empty() && names_held_back()) return usage_error("--split and --holdout-last exclude each other; give one of them");
  if (auto half_life = this->half_life(); !half_life) return half_life.error();
  if (names_half_life() && !reads_sequences)
    return usage_error("--event-half-life is for logs of events; give --user, --item and --time, too, or leave it out");
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

ItemOrder SequenceOptions::order(const std::optional<SequenceNotes>& notes) const {
  if (notes) return notes->rules.ordered ? ItemOrder::on : ItemOrder::off;
  if (!order_.empty()) {
    const auto chosen = choose("--sequence-order", order_, kOrders);
    return chosen ? *chosen : ItemOrder::on;  // check() refuses it
  }
  const bool names_ages = decay_->count() > 0 || window_->count() > 0;
  return names_events() && columns_.time.empty() && !names_ages ? ItemOrder::detect : ItemOrder::on;
}

Result<void> SequenceOptions::check_set() const {
  for (const CLI::Option* option : {decay_, window_, half_life_option_}) {
    if (option->count() > 0)
      return usage_error(fmt::format(
          "{}: items without an order are a set and have no ages; leave it out, or --sequence-order off", option->get_name()));
  }
  return {};
}

Result<datasets::HistoryRules> SequenceOptions::rules(const std::optional<SequenceNotes>& notes) const {
  const auto life = half_life();
  if (!life) return life.error();
  if (!notes) {
    datasets::HistoryRules rules = rules_;
    rules.ordered = order(notes) != ItemOrder::off;
    if (!rules.ordered) {
      if (auto ok = check_set(); !ok) return ok.error();
    }
    rules.half_life = life->value;
    if (life->value > 0 && decay_->count() == 0) rules.decay = 1;
    return rules;
  }
  const auto differs = [](const CLI::Option* option, auto given, auto known) -> Result<void> {
    if (option == nullptr || option->count() == 0 || given == known) return {};
    return usage_error(fmt::format("{}: the model has {}, not {}; leave it out, or train a new model without it",
                                   option->get_name(), known, given));
  };
  const auto word = [](bool ordered) { return ordered ? "--sequence-order on" : "--sequence-order off"; };
  if ((order_ == "on" && !notes->rules.ordered) || (order_ == "off" && notes->rules.ordered))
    return usage_error(fmt::format("{}: the model was trained with {}; leave it out, or train a new model without it",
                                   word(order_ == "on"), word(notes->rules.ordered)));
  if (!notes->rules.ordered && decay_ != nullptr) {
    if (auto ok = check_set(); !ok) return ok.error();
  }
  if (auto same = differs(decay_, rules_.decay, notes->rules.decay); !same) return same.error();
  if (auto same = differs(window_, rules_.window, notes->rules.window); !same) return same.error();
  if (names_half_life() && life->value != notes->rules.half_life)
    return usage_error(fmt::format("--event-half-life: the model has {}, not {}; leave it out, or train a new model without it",
                                   notes->rules.half_life > 0 ? fmt::format("{:g}", notes->rules.half_life) : "none",
                                   life->value));
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
                                             const DataOptions& data, const ItemTable* table) {
  if (!reads_events(data, notes)) return read_known_sequences(path, what, names, notes.keyed);
  auto log = read_event_log(path, what, *notes.events, data.format(), {&names, table}, notes.rules.ordered);
  if (!log) return log.error();
  return std::move(log->sequences);
}

}  // namespace glissade::apps
