#include "datasets/events.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <numeric>
#include <optional>
#include <utility>

#include "datasets/content_hash.h"
#include "datasets/message.h"
#include "datasets/records/text_memory.h"
#include "hashing/word_table.h"

namespace glissade::datasets {
namespace {

using hashing::WordTable;

constexpr std::size_t kUser = 0, kItem = 1, kTime = 2;

// So that no quotient of two weights, and no sum of a row, leaves the range of float.
constexpr double kLeastWeight = 1e-18, kMostWeight = 1e18;

struct Event {
  std::uint32_t user, item;
  float weight = 1;
  EventTime time;
};

std::optional<float> event_weight(std::string_view text) noexcept {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (!whole || !(value >= kLeastWeight && value <= kMostWeight)) return std::nullopt;
  return static_cast<float>(value);
}

/// Words in numbers of its own, in memory of its own.
class OwnWords {
 public:
  std::uint32_t add(std::string_view word) {
    const std::uint32_t known = table_.find(word);
    if (known != WordTable::kNone) return known;
    char* const copy = memory_.take(word.size());
    std::copy(word.begin(), word.end(), copy);
    return table_.add(std::string_view(copy, word.size()));
  }
  const std::vector<std::string_view>& words() const noexcept { return table_.words(); }

 private:
  WordTable table_;
  TextMemory memory_;
};

/// The events of one block of the log, users and items in numbers of the block's own.
struct EventChunk {
  OwnWords users, items;
  std::vector<Event> events;
  std::optional<bool> dates;  ///< whether times are dates
  std::optional<Error> bad;
  std::uint64_t replaced = 0;  ///< texts that were not UTF-8
};

class ChunkReader {
 public:
  ChunkReader(const RecordFiles& file, const EventColumns& columns, EventChunk& chunk)
      : file_(file), columns_(columns), chunk_(chunk) {}

  void read(std::size_t number) {
    file_.read(number, block_);
    number_ = number;
    chunk_.replaced += block_.replaced();
    std::size_t good = block_.size();
    if (!block_.problems().empty()) good = block_.problems().front().record;
    for (std::size_t i = 0; i < good && !chunk_.bad; ++i) take(i);
    if (!chunk_.bad && !block_.problems().empty()) chunk_.bad = runtime_error(block_.problems().front().message);
  }

 private:
  void take(std::size_t record) {
    Event event{};
    const auto users = block_.field(record, kUser);
    if (users.size() != 1)
      return fail(record, columns_.user,
                  users.empty() ? "has no value here, and an event needs its user; leave such records out"
                                : "has several values here, and an event has one user; write a record for each");
    if (!columns_.time.empty() && !take_time(record, event.time)) return;
    if (!columns_.weight.empty() && !take_weight(record, event.weight)) return;
    const auto items = block_.field(record, kItem);
    if (items.empty())
      return fail(record, columns_.item, "has no value here, and an event needs its item; leave such records out");
    event.user = chunk_.users.add(users.front());
    for (const std::string_view item : items) {
      event.item = chunk_.items.add(item);
      chunk_.events.push_back(event);
    }
  }

  bool take_time(std::size_t record, EventTime& out) {
    const auto texts = block_.field(record, kTime);
    const auto time = texts.size() == 1 ? event_time(texts.front()) : std::nullopt;
    if (!time) {
      const std::string found = texts.empty() ? "no value" : fmt::format("'{}'", shown(texts.front()));
      fail(record, columns_.time,
           fmt::format("has {} here, and a number or a date such as 2014-05-01T08:30:00Z is needed; write one", found));
      return false;
    }
    if (chunk_.dates.value_or(is_date(texts.front())) != is_date(texts.front())) {
      fail(record, columns_.time,
           fmt::format("has '{}' here, and {} before; write all in one way", shown(texts.front()),
                       *chunk_.dates ? "dates" : "numbers"));
      return false;
    }
    chunk_.dates = is_date(texts.front());
    out = *time;
    return true;
  }

  bool take_weight(std::size_t record, float& out) {
    const auto texts = block_.field(record, columns_.time.empty() ? kTime : kTime + 1);
    if (const auto weight = texts.size() == 1 ? event_weight(texts.front()) : std::nullopt) {
      out = *weight;
      return true;
    }
    const std::string found = texts.empty()       ? "has no value here"
                              : texts.size() == 1 ? fmt::format("has '{}' here", shown(texts.front()))
                                                  : "has several values here";
    fail(record, columns_.weight,
         fmt::format("{}, and a weight is one number above 0, from {:g} to {:g}; write one, or leave such records out", found,
                     kLeastWeight, kMostWeight));
    return false;
  }

  void fail(std::size_t record, const std::string& column, std::string_view what) {
    chunk_.bad = runtime_error(fmt::format("{}: column '{}' {}", file_.place(number_, block_, record), shown(column, 60), what));
  }

  const RecordFiles& file_;
  const EventColumns& columns_;
  EventChunk& chunk_;
  RecordBlock block_;
  std::size_t number_ = 0;
};

/// All events in the order of the log; users and items in numbers by their first places.
struct Events {
  OwnWords users, items;
  std::vector<Event> events;
  std::uint64_t replaced = 0;
};

Result<Events> gather(const RecordFiles& file, const EventColumns& columns) {
  std::vector<EventChunk> chunks(file.blocks());
  tbb::parallel_for(std::size_t{0}, chunks.size(), [&](std::size_t i) { ChunkReader(file, columns, chunks[i]).read(i); });
  Events all;
  std::optional<bool> dates;
  for (EventChunk& chunk : chunks) {
    if (chunk.bad) return *chunk.bad;
    if (dates && chunk.dates && *dates != *chunk.dates)
      return runtime_error(
          fmt::format("column '{}' of {} has numbers and dates; write all in one way", shown(columns.time, 60), file.name()));
    if (chunk.dates) dates = chunk.dates;
    all.replaced += chunk.replaced;
    std::vector<std::uint32_t> users, items;
    for (const std::string_view user : chunk.users.words()) users.push_back(all.users.add(user));
    for (const std::string_view item : chunk.items.words()) items.push_back(all.items.add(item));
    for (const Event& event : chunk.events)
      all.events.push_back({users[event.user], items[event.item], event.weight, event.time});
    chunk = {};
  }
  return all;
}

/// One line per user: counting keeps the order of the log, then each user's events are brought into that of time.
void group_by_user(const Events& all, const EventColumns& columns, EventLog& log) {
  const bool timed = !columns.time.empty();
  Sequences& s = log.sequences;
  s.offsets.assign(all.users.words().size() + 1, 0);
  for (const Event& event : all.events) ++s.offsets[event.user + 1];
  std::partial_sum(s.offsets.begin(), s.offsets.end(), s.offsets.begin());
  std::vector<std::uint64_t> order(all.events.size()), next(s.offsets.begin(), s.offsets.end() - 1);
  for (std::size_t i = 0; i < all.events.size(); ++i) order[next[all.events[i].user]++] = i;
  if (timed) {
    tbb::parallel_for(std::size_t{0}, s.size(), [&](std::size_t user) {
      std::ranges::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(s.offsets[user]),
                               order.begin() + static_cast<std::ptrdiff_t>(s.offsets[user + 1]), {},
                               [&](std::uint64_t i) { return all.events[i].time; });
    });
  }
  s.items.reserve(order.size());
  for (const std::uint64_t i : order) {
    s.items.push_back(all.events[i].item);
    if (timed) s.times.push_back(all.events[i].time);
    if (!columns.weight.empty()) s.weights.push_back(all.events[i].weight);
  }
  for (const std::string_view user : all.users.words()) {
    log.users.emplace_back(user);
    s.groups.push_back(content_hash(user.data(), user.size()).low);
  }
}

Result<EventLog> read_log(const RecordFiles& file, const EventColumns& columns, const std::vector<std::string>* known) {
  const auto start = std::chrono::steady_clock::now();
  auto all = gather(file, columns);
  if (!all) return all.error();
  EventLog log;
  log.replaced = all->replaced;
  Sequences& s = log.sequences;
  const auto& words = all->items.words();
  if (all->events.empty()) return runtime_error(fmt::format("{} holds no events; give it some", file.name()));
  if (known == nullptr) {
    s.names.assign(words.begin(), words.end());
    if (words.size() < 2)
      return runtime_error(
          fmt::format("{} has one different item, '{}', and two are needed; give it more", file.name(), shown(words.front())));
  } else {
    WordTable table;
    for (const std::string& name : *known) table.add(name);
    s.names = *known;
    for (Event& event : all->events) {
      const std::uint32_t number = table.find(words[event.item]);
      s.unknown += number == WordTable::kNone ? 1 : 0;
      event.item = number == WordTable::kNone ? static_cast<std::uint32_t>(known->size()) : number;
    }
  }
  s.keyed = true;
  group_by_user(*all, columns, log);
  s.text_bytes = file.text_bytes();
  s.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return log;
}

}  // namespace

std::vector<std::string> EventColumns::asked() const {
  std::vector<std::string> names = {user, item};
  if (!time.empty()) names.push_back(time);
  if (!weight.empty()) names.push_back(weight);
  return names;
}

Result<EventLog> read_events(const RecordFiles& file, const EventColumns& columns) { return read_log(file, columns, nullptr); }

Result<EventLog> read_events(const RecordFiles& file, const EventColumns& columns, const std::vector<std::string>& names) {
  return read_log(file, columns, &names);
}

}  // namespace glissade::datasets
