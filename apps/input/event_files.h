#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <glissade/result.h>

#include "apps/input/item_table.h"
#include "datasets/events.h"

namespace glissade::apps {

/// How the events of a model are read: part of what Model::data_notes() says.
struct EventNotes {
  datasets::EventColumns columns;
  bool has_header = true;  ///< else columns are numbers
  std::string separator;   ///< of CSV, where the training was told; "" = by the content of each file

  /// One line.
  std::string json() const;
  static EventNotes of(std::string_view json);

  /// How files are to be read. `format`: what --format names, "" = nothing.
  Result<datasets::RecordOptions> reading(std::string_view format) const;
};

/// What is known of items before a log is read.
struct KnownItems {
  const std::vector<std::string>* names = nullptr;  ///< null: the log says
  const ItemTable* table = nullptr;                 ///< null: nothing beside names
};

/// The events of an open log, of known items.
Result<datasets::EventLog> read_known_events(const datasets::RecordFiles& file, const datasets::EventColumns& columns,
                                             const KnownItems& items);

/// "1 of 4 items are unknown to the model; they are passed over", or what else they count for; "" if there are none.
std::string unknown_text(const std::string& name, const datasets::Sequences& sequences);

/// Reads a log of events. If `what` is not empty, a line about the file, and whether users' items are `ordered`, goes to standard
/// error; items that the model does not know are told in any case.
Result<datasets::EventLog> read_event_log(const std::string& path, const std::string& what, const EventNotes& notes,
                                          std::string_view format, const KnownItems& items, bool ordered);

}  // namespace glissade::apps
