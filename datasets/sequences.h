#pragma once

#include <glissade/histories.h>
#include <glissade/result.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/event_time.h"
#include "datasets/item_features.h"
#include "hashing/word_table.h"

namespace glissade::datasets {

using glissade::Histories;
using glissade::History;
using hashing::WordTable;

/// Whether the first word of a line names whose sequence it is (a user, a session) and is no item. detect: it does if no two
/// lines begin with the same word although, were these words drawn as the other words of the file are, 20 pairs would be alike.
enum class LineKey { detect, on, off };

/// What users, sessions or other things had to do with, one item after the other: a line each, "key item item ..." or "item item
/// ...", in the order of time, words between white space (ASCII). A line without items stays, as an empty sequence.
struct Sequences {
  std::vector<std::string> names;      ///< of the items, in the order in which the file has them first
  std::vector<std::uint64_t> offsets;  ///< lines + 1 positions in `items`
  std::vector<std::uint32_t> items;    ///< numbers of names; names.size() stands for each item that a given list lacks
  std::vector<std::uint64_t> groups;   ///< one number per line: lines of the same key have the same. Without keys the line's own
  std::vector<float> weights;          ///< of each of `items`, above 0; empty: all count alike
  std::vector<EventTime> times;        ///< of each of `items`, ascending in a line; empty: not known
  std::vector<std::uint32_t> rows;     ///< of each of `items`, in `features`, or kNoRow; empty where there are no features
  std::shared_ptr<const ItemFeatures> features;
  bool keyed = false;
  std::uint64_t unknown = 0;  ///< entries of `items` that are names.size()
  std::uint64_t text_bytes = 0;
  double seconds = 0;

  std::size_t size() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::span<const std::uint32_t> line(std::size_t i) const noexcept {
    return std::span(items).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
  /// As the engine takes them.
  Histories histories() const noexcept {
    return {offsets, items, weights, times, rows, features ? features->view() : SparseRows{}, features ? features->features : 0};
  }
  /// The first `count` items of a line.
  History history(std::size_t i, std::size_t count) const noexcept { return histories().first(i, count); }
};

/// Reads a file of sequences and numbers their items. Plain, packed, or in an archive (see Text). In parallel; the result does
/// not depend on threads. Fails unless there are two different items, and on items that are not UTF-8.
Result<Sequences> read_sequences(const std::string& path, LineKey key);

/// Reads a file of sequences of items that are known already, by `names`. Items that are not among them count as `unknown`.
/// Fails if the file has no line.
Result<Sequences> read_sequences(const std::string& path, const std::vector<std::string>& names, bool keyed);

/// The items of one line, appended to `items`, by the numbers in `known`; others as known.size(), counted in the result.
std::uint64_t append_items(std::string_view line, bool keyed, const WordTable& known, std::vector<std::uint32_t>& items);

}  // namespace glissade::datasets
