#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <glissade/result.h>

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

/// Reads a log of events, of items that are known if `names` is not null. If `what` is not empty, a line about the file goes to
/// standard error; items that the model does not know are told in any case.
Result<datasets::EventLog> read_event_log(const std::string& path, const std::string& what, const EventNotes& notes,
                                          std::string_view format, const std::vector<std::string>* names);

}  // namespace glissade::apps
