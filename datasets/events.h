#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/event_time.h"
#include "datasets/records/record_files.h"
#include "datasets/sequences.h"

namespace glissade::datasets {

/// Columns of a log of events: who had to do with what, and when.
struct EventColumns {
  std::string user;
  std::string item;
  std::string time = {};    ///< "": events stand in the order of time
  std::string weight = {};  ///< how much an event counts; "": all alike
  friend bool operator==(const EventColumns&, const EventColumns&) = default;

  /// As RecordOptions::columns.
  std::vector<std::string> asked() const;
};

/// Events as sequences, a line per user: users in the order in which the log has them first, the items of each in the order of
/// time, those of the same time in the order of the log. Repeats stay, and so do users with one event. An event of several items
/// (a basket: a JSON array) is an event of each. Item names may hold spaces.
struct EventLog {
  Sequences sequences;             ///< keyed; with times and weights where columns of them were named
  std::vector<std::string> users;  ///< of each line
  std::uint64_t replaced = 0;      ///< texts that were not UTF-8, in which U+FFFD now stands
};

/// Reads `file`, which was opened with columns.asked(), and numbers its items in the order in which the log has them. In
/// parallel; the result does not depend on threads. Fails on the first record that cannot be taken, or without a user, an item, a
/// time or a weight; and unless there are two different items.
Result<EventLog> read_events(const RecordFiles& file, const EventColumns& columns);

/// The same of items that are known, by `names`; others count as `unknown`. Fails if there is no event.
Result<EventLog> read_events(const RecordFiles& file, const EventColumns& columns, const std::vector<std::string>& names);

/// A log cut at one moment.
struct TimeSplit {
  EventTime at;      ///< events before it, and no others, are trained on
  Sequences before;  ///< of these; items that come later only have no name
  Sequences
      next;  ///< of each user who has events before and after it: those before, and the first one after. Items as in `before`
  std::uint64_t later = 0;  ///< events from that moment on
};

/// Cuts a log with times at the moment before which `share` of its events lie, or fewer where several have the same time. Fails
/// if no event, or no two different items, lie before it, or no user has events on both sides. `path` is for messages.
Result<TimeSplit> split_by_time(const EventLog& log, double share, const std::string& path);

}  // namespace glissade::datasets
