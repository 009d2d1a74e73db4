#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/input/data_options.h"
#include "apps/input/event_files.h"
#include "apps/input/item_table.h"
#include "datasets/next_item_rows.h"
#include "datasets/sequences.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace glissade::apps {

/// How the sequences of a model are read: what Model::data_notes() says of them.
struct SequenceNotes {
  bool keyed = false;
  datasets::HistoryRules rules;
  std::optional<EventNotes> events = {};  ///< files are logs of events; else lines of items

  std::string text() const;
  /// Nothing if a model was not trained on sequences.
  static std::optional<SequenceNotes> of(const Model& model);
};

/// Whether a model of sequences never answers the items that it looks back at (exclude-input).
bool never_answers_seen(const Model& model) noexcept;

/// Whether data are sequences: as --format says, else as the model does.
bool reads_sequences(const DataOptions& data, const std::optional<SequenceNotes>& notes) noexcept;
/// Likewise whether they are a log of events.
bool reads_events(const DataOptions& data, const std::optional<SequenceNotes>& notes) noexcept;

/// Whether the order of a sequence means something; detect: the data tell (order_evidence).
enum class ItemOrder { detect, on, off };

/// --event-half-life.
struct HalfLife {
  double value = 0;   ///< 0: not given
  bool unit = false;  ///< it was given with a unit and `value` is seconds; else it is in the unit of the times
};

/// The options of commands that read sequences (--format sequence, or logs of events).
class SequenceOptions {
 public:
  enum class For { train, eval, predict };
  void add_options(CLI::App& parser, For command);

  /// Usage error if one is given where no sequences are read, or its value does not exist.
  Result<void> check(bool reads_sequences) const;

  /// Whether lines begin with a key: as the option says, else as `notes` do, else detected.
  Result<datasets::LineKey> key(const std::optional<SequenceNotes>& notes) const;
  /// As the options say, else as `notes` do; in an order where that is to be detected. Usage error where both say something else.
  Result<datasets::HistoryRules> rules(const std::optional<SequenceNotes>& notes) const;

  /// Whether the order of items means something: as `notes` say, else as the options do.
  ItemOrder order(const std::optional<SequenceNotes>& notes) const;

  /// Whether --user, --item, --time or --event-weight is given: data are a log of events.
  bool names_events() const noexcept;
  /// The columns of the log as the options say, else as `notes` do; nothing for lines of items. Usage error where both say
  /// something else, or a column is missing.
  Result<std::optional<datasets::EventColumns>> events(const std::optional<SequenceNotes>& notes) const;
  /// --event-half-life. Usage error if it is none.
  Result<HalfLife> half_life() const;
  /// --item-features of `train` and the columns to be taken; nothing if it is not given.
  std::optional<ItemColumns> item_columns() const;
  const std::string& item_file() const noexcept { return item_file_; }
  /// What a model, read from `path`, knows of its items, and what --item-features adds. Usage error if it has no table to add to,
  /// or if data are no log: lines of items go without a table, and a line on standard error says so of a model that has one.
  Result<std::optional<ItemTable>> item_table(const Model& model, const std::string& path, bool is_log) const;
  /// --split: the share of events that are trained on, by time; 0 = no split.
  Result<double> time_share() const;

  /// --exclude-seen: whether what a sequence has already is left out of the answers. Usage error if it is to be answered by a
  /// model, read from `path`, that never does.
  Result<bool> excludes_seen(const Model& model, const std::string& path) const;

  bool names_held_back() const noexcept;
  bool names_half_life() const noexcept;
  bool names_split() const noexcept { return !split_.empty(); }
  std::uint32_t held_back = 0;  ///< --holdout-last

 private:
  void add_event_options(CLI::App& parser);
  void add_exclude_seen(CLI::App& parser);
  void add_item_options(CLI::App& parser, For command);
  Result<void> check_items(bool reads_sequences) const;
  Result<void> check_set() const;

  std::string key_, order_;
  datasets::EventColumns columns_;
  std::string half_life_;
  std::string item_file_, item_key_;
  std::vector<std::string> item_text_, item_categories_;
  std::string split_;
  std::string exclude_seen_;
  datasets::HistoryRules rules_;
  std::vector<const CLI::Option*> added_;
  const CLI::Option* half_life_option_ = nullptr;
  const CLI::Option* order_option_ = nullptr;
  const CLI::Option* decay_ = nullptr;
  const CLI::Option* window_ = nullptr;
  const CLI::Option* held_back_ = nullptr;
};

/// Reads 'path' as the model of `notes` and `names` reads sequences. If `what` is not empty, a line about the file goes to
/// standard error; items that the model does not know are told in any case.
Result<datasets::Sequences> read_known_sequences(const std::string& path, const std::string& what,
                                                 const std::vector<std::string>& names, bool keyed);

/// Likewise whatever the model of `notes` reads: a log of events, unless `data` say otherwise, or lines of items. `table`: what
/// the model knows of its items, or null.
Result<datasets::Sequences> read_known_items(const std::string& path, const std::string& what,
                                             const std::vector<std::string>& names, const SequenceNotes& notes,
                                             const DataOptions& data, const ItemTable* table);

/// "22,363 sequences of 8.9 items, 12,101 different ones, the first word of a line is its key".
std::string describe(const datasets::Sequences& sequences);

}  // namespace glissade::apps
