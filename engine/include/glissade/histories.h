#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
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
///
/// Where the order of items means nothing (a basket, what somebody likes), a history is a set: feature i is item i, of the value
/// 1, or with weights of its largest weight / mean_weight, however often it stands. Decay, window, times and a last item do not
/// count. Feature M + f is the sum over the items of what each has of feature f, times its value.
struct HistoryRules {
  double decay = 0.7;
  std::uint32_t window = 50;  ///< items looked back at; older ones leave no trace
  double half_life = 0;       ///< in the unit of the times, seconds of dates; 0: times do not count
  double mean_weight = 1;     ///< of the events trained on
  bool ordered = true;        ///< false: a set
  friend bool operator==(const HistoryRules&, const HistoryRules&) = default;

  /// How many features `items` items are; those of their own stand behind.
  std::uint32_t item_features(std::uint32_t items) const noexcept { return ordered ? 2 * items : items; }
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

/// Rows whose label is an item and whose features are what was before it. For M items with F features of their own: D =
/// rules.item_features(M) + F, L = M, or M + 1 where items are unknown.
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

/// Whether the order of histories says something: of items one behind the other, how many pairs of pairs are equal, and how many
/// would be were each history in a drawn order.
struct OrderEvidence {
  std::uint64_t equal = 0;
  double by_chance = 0;
  bool sorted = false;  ///< each history stands in the order of names, forwards or backwards, and no user took items so
  bool tells() const noexcept { return !sorted && equal >= 20 && static_cast<double>(equal) > 1.5 * by_chance; }
};

/// Looks at histories evenly taken, so many that there are about a million pairs, or at all. The second time that an item stands
/// in a history is passed over. `names` of the items, one each, tell what is sorted. Throws std::bad_alloc.
OrderEvidence order_evidence(const Histories& histories, std::span<const std::string> names);

/// Parts that a set is dealt out into: chosen in bench/peers/RECIPE.md.
inline constexpr std::uint32_t kSetParts = 5;

/// Rows of sets: some items of a set are the labels, the others the features that tell them. D and L as of HistoryRows. Deals the
/// different items out of the first counts[i] of each history i into kSetParts parts alike in size, or as many parts as there are
/// items, and makes a row of each of the first `asked` parts: its items are the labels. Which part an item is in is drawn, by its
/// number and that of the history alone. Sets of one item make no row. Unknown items are one label, M. `counts` has one entry for
/// each history; `items` is M; `rules` are unordered. Costs kSetParts - 1 times the length of all histories. Throws
/// std::bad_alloc.
OwnedRows set_rows(const Histories& histories, std::span<const std::size_t> counts, const HistoryRules& rules,
                   std::uint32_t items, std::uint32_t asked = kSetParts);

/// What follows `history`, or belongs to it, as a row without label. Appends ids, ascending, and values. `items` is M; numbers
/// from M on stand for unknown items, which have an age and no feature but those of their row. Throws std::bad_alloc;
/// thread-safe.
void append_history(const History& history, const HistoryRules& rules, std::uint32_t items, std::vector<std::uint32_t>& ids,
                    std::vector<float>& values);
/// Likewise of items without weights and times.
void append_history(std::span<const std::uint32_t> history, const HistoryRules& rules, std::uint32_t items,
                    std::vector<std::uint32_t>& ids, std::vector<float>& values);

}  // namespace glissade
