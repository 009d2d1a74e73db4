#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/owned_rows.h>
#include <glissade/views.h>

namespace glissade {

/// When something was: a number as it is, or seconds since 1970 of a date. Kept in two parts, because nanoseconds since 1970 have
/// more digits than a double.
struct EventTime {
  std::int64_t whole = 0;
  double part = 0;  ///< 0 to below 1
  friend auto operator<=>(const EventTime&, const EventTime&) = default;
};

/// How the items before a moment become a row of features. For M items: feature i, below M, is item i, of the value
///   weight / mean_weight * decay^age * 2^(-time / half_life)
/// summed over the places where it stands: age in places from the last item, time since the last item. Feature M + i is
/// weight / mean_weight (without weights 1) if item i is the last one. Feature 2 M + f
/// is feature f of the items, where they have some: the sum over the places of what stands there times what the item has of it.
struct HistoryRules {
  double decay = 0.7;
  std::uint32_t window = 50;  ///< items looked back at; older ones leave no trace
  double half_life = 0;       ///< in the unit of the times, seconds of dates; 0: times do not count
  double mean_weight = 1;     ///< of the events trained on
  friend bool operator==(const HistoryRules&, const HistoryRules&) = default;
};

/// Items up to a moment, oldest first.
struct History {
  static constexpr std::uint32_t kNoRow = 0xffffffffu;

  std::span<const std::uint32_t> items;
  std::span<const float> weights = {};       ///< of each, above 0; none: all count alike
  std::span<const EventTime> times = {};     ///< of each, ascending; none: not known
  std::span<const std::uint32_t> rows = {};  ///< of each, in `features`, or kNoRow; none where there are no features
  SparseRows features = {};                  ///< of items
};

/// Histories of users, sessions or other things, one after the other.
struct Histories {
  std::span<const std::uint64_t> offsets;  ///< one more than there are histories: positions in the others, from 0
  std::span<const std::uint32_t> items;    ///< below M; M stands for each item that is unknown
  std::span<const float> weights = {};
  std::span<const EventTime> times = {};
  std::span<const std::uint32_t> rows = {};
  SparseRows features = {};
  std::uint32_t feature_count = 0;  ///< of items

  std::size_t size() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::span<const std::uint32_t> line(std::size_t i) const noexcept {
    return items.subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
  /// The first `count` items of a history.
  History first(std::size_t i, std::size_t count) const noexcept {
    return {line(i).first(count), part(weights, i, count), part(times, i, count), part(rows, i, count), features};
  }

 private:
  template <class T>
  std::span<const T> part(std::span<const T> all, std::size_t i, std::size_t count) const noexcept {
    return all.empty() ? all : all.subspan(offsets[i], count);
  }
};

/// Places of a history that become rows: begin .. end - 1.
struct HistoryPlaces {
  std::size_t begin = 0, end = 0;
};

/// Rows whose label is an item and whose features are what was before it. For M items with F features of their own: D = 2 M + F,
/// L = M, or M + 1 where items are unknown.
struct HistoryRows {
  OwnedRows rows;
  std::uint64_t repeats = 0;    ///< rows whose item is among the items looked back at
  double expected_repeats = 0;  ///< if items had nothing to do with what is before them

  /// Whether what was there does not come again: no row has it so, although chance alone would have made 20.
  bool never_repeats() const noexcept { return repeats == 0 && expected_repeats >= 20; }
};

/// A row for each place, history after history. `places` has one entry for each history; `items` is M. Costs the length of all
/// rows, up to rules.window entries each. Throws std::bad_alloc.
HistoryRows history_rows(const Histories& histories, std::span<const HistoryPlaces> places, const HistoryRules& rules,
                         std::uint32_t items);

/// What follows `history`, as a row without label. Appends ids, ascending, and values. `items` is M; numbers from M on stand for
/// unknown items, which have an age and no feature but those of their row. Throws std::bad_alloc; thread-safe.
void append_history(const History& history, const HistoryRules& rules, std::uint32_t items, std::vector<std::uint32_t>& ids,
                    std::vector<float>& values);
/// Likewise of items without weights and times.
void append_history(std::span<const std::uint32_t> history, const HistoryRules& rules, std::uint32_t items,
                    std::vector<std::uint32_t>& ids, std::vector<float>& values);

}  // namespace glissade
