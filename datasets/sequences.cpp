#include "datasets/sequences.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "datasets/content_hash.h"
#include "datasets/corpus.h"
#include "datasets/decompress.h"
#include "datasets/memory.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr double kEnoughAlike = 20;  ///< pairs of first words that had to be alike by chance before their absence says anything

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Calls word(view) for each word of one line.
template <class Word>
void scan(std::string_view line, const Word& word) {
  for (std::size_t at = 0; at < line.size();) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    while (end < line.size() && !is_space(line[end])) ++end;
    word(line.substr(at, end - at));
    at = end;
  }
}

/// Calls done(line) for each line, the last one also where no newline ends it.
template <class Line>
void for_each_line(std::string_view text, const Line& done) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    done(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// Whole lines, their words in numbers of the chunk's own.
struct Chunk {
  std::string_view text;
  WordTable table;
  std::vector<std::uint32_t> words;
  std::vector<std::uint64_t> ends;  ///< of each line among the words
};

std::vector<Chunk> cut(std::string_view text) {
  std::vector<Chunk> chunks;
  while (!text.empty()) {
    std::size_t end = text.find('\n', std::min(kChunkBytes, text.size() - 1));
    end = end == std::string_view::npos ? text.size() : end + 1;
    chunks.emplace_back().text = text.substr(0, end);
    text.remove_prefix(end);
  }
  return chunks;
}

/// All words of a file, the keys among them, by numbers in the order in which they come.
struct Words {
  WordTable table;
  std::vector<std::uint32_t> words;
  std::vector<std::uint64_t> offsets = {0};

  std::size_t lines() const noexcept { return offsets.size() - 1; }
  std::span<const std::uint32_t> line(std::size_t i) const noexcept {
    return std::span(words).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

Words number_words(std::string_view text) {
  std::vector<Chunk> chunks = cut(text);
  tbb::parallel_for(std::size_t{0}, chunks.size(), [&](std::size_t i) {
    Chunk& chunk = chunks[i];
    for_each_line(chunk.text, [&](std::string_view line) {
      scan(line, [&](std::string_view word) { chunk.words.push_back(chunk.table.add(word)); });
      chunk.ends.push_back(chunk.words.size());
    });
  });
  Words all;
  for (Chunk& chunk : chunks) {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(chunk.table.size());
    for (const std::string_view word : chunk.table.words()) numbers.push_back(all.table.add(word));
    const std::uint64_t before = all.words.size();
    for (const std::uint32_t word : chunk.words) all.words.push_back(numbers[word]);
    for (const std::uint64_t end : chunk.ends) all.offsets.push_back(before + end);
    chunk = {};
  }
  return all;
}

/// How many pairs of lines would begin alike if first words were drawn as the others are.
double expected_alike(const Words& all, const std::vector<std::uint32_t>& first) {
  std::vector<double> counts(all.table.size(), 0.0);
  for (const std::uint32_t word : all.words) ++counts[word];
  for (const std::uint32_t word : first) --counts[word];
  double squares = 0, total = 0;
  for (const double count : counts) {
    squares += count * count;
    total += count;
  }
  const auto lines = static_cast<double>(first.size());
  return total == 0 ? 0.0 : lines * (lines - 1) / 2 * squares / (total * total);
}

bool looks_keyed(const Words& all) {
  std::vector<std::uint32_t> first;
  for (std::size_t i = 0; i < all.lines(); ++i) {
    if (!all.line(i).empty()) first.push_back(all.line(i).front());
  }
  std::vector<std::uint32_t> sorted = first;
  std::ranges::sort(sorted);
  return std::ranges::adjacent_find(sorted) == sorted.end() && expected_alike(all, first) >= kEnoughAlike;
}

std::uint64_t group_of(bool keyed, std::string_view key, std::size_t line) noexcept {
  return keyed ? content_hash(key.data(), key.size()).low : line;
}

Result<Text> open_text(const std::string& path) {
  auto text = Text::open(path);
  if (!text) return text;
  // Words as numbers twice, 4 bytes each: a word rarely has less than 3 letters and a space.
  if (auto enough = require_memory(2 * text->text().size(), "reading " + datasets::quoted(path)); !enough) return enough.error();
  return text;
}

Error not_utf8(std::string_view text, std::string_view item, const std::string& path) {
  const auto at = static_cast<std::ptrdiff_t>(item.data() - text.data());
  const auto line = static_cast<std::uint64_t>(std::count(text.begin(), text.begin() + at, '\n')) + 1;
  return runtime_error(
      fmt::format("{}: the item '{}' is not UTF-8; convert the file, for instance with iconv", place(path, line), shown(item)));
}

/// Takes the items over, numbered in the order in which they come, without the keys.
void take_items(const Words& all, Sequences& sequences, std::vector<std::string_view>& views) {
  std::vector<std::uint32_t> numbers(all.table.size(), WordTable::kNone);
  sequences.items.reserve(all.words.size());
  for (std::size_t i = 0; i < all.lines(); ++i) {
    const auto words = all.line(i);
    const std::string_view key = words.empty() ? std::string_view() : all.table.words()[words.front()];
    sequences.groups.push_back(group_of(sequences.keyed, key, i));
    for (const std::uint32_t word : words.subspan(sequences.keyed && !words.empty() ? 1 : 0)) {
      std::uint32_t& number = numbers[word];
      if (number == WordTable::kNone) {
        number = static_cast<std::uint32_t>(views.size());
        views.push_back(all.table.words()[word]);
      }
      sequences.items.push_back(number);
    }
    sequences.offsets.push_back(sequences.items.size());
  }
}

Error too_few(const Sequences& sequences, const std::string& path) {
  if (sequences.names.empty())
    return runtime_error(fmt::format("{} holds no items; give it lines of them", datasets::quoted(path)));
  return runtime_error(fmt::format("{} has one different item, '{}', and two are needed; give it more", datasets::quoted(path),
                                   shown(sequences.names.front())));
}

}  // namespace

std::uint64_t append_items(std::string_view line, bool keyed, const WordTable& known, std::vector<std::uint32_t>& items) {
  bool is_key = keyed;
  std::uint64_t unknown = 0;
  scan(line, [&](std::string_view word) {
    if (std::exchange(is_key, false)) return;
    const std::uint32_t number = known.find(word);
    unknown += number == WordTable::kNone ? 1 : 0;
    items.push_back(number == WordTable::kNone ? static_cast<std::uint32_t>(known.size()) : number);
  });
  return unknown;
}

Result<Sequences> read_sequences(const std::string& path, LineKey key) {
  const auto start = Clock::now();
  const auto text = open_text(path);
  if (!text) return text.error();
  const Words all = number_words(text->text());
  Sequences sequences;
  sequences.offsets.push_back(0);
  sequences.text_bytes = text->text().size();
  sequences.keyed = key == LineKey::on || (key == LineKey::detect && looks_keyed(all));
  std::vector<std::string_view> views;
  take_items(all, sequences, views);
  for (const std::string_view item : views) {
    if (utf8_end(item) < item.size()) {
      // The table has the first place of each word, which may be one where it is a key.
      return not_utf8(text->text(), item, path);
    }
  }
  sequences.names.assign(views.begin(), views.end());
  if (sequences.names.size() < 2) return too_few(sequences, path);
  sequences.seconds = seconds_since(start);
  return sequences;
}

Result<Sequences> read_sequences(const std::string& path, const std::vector<std::string>& names, bool keyed) {
  const auto start = Clock::now();
  const auto text = open_text(path);
  if (!text) return text.error();
  WordTable known;
  for (const std::string& name : names) known.add(name);
  Sequences sequences;
  sequences.names = names;
  sequences.keyed = keyed;
  sequences.offsets.push_back(0);
  sequences.text_bytes = text->text().size();
  for_each_line(text->text(), [&](std::string_view line) {
    std::string_view first;
    if (keyed) {
      scan(line, [&](std::string_view word) { first = first.empty() ? word : first; });
    }
    sequences.groups.push_back(group_of(keyed, first, sequences.size()));
    sequences.unknown += append_items(line, keyed, known, sequences.items);
    sequences.offsets.push_back(sequences.items.size());
  });
  if (sequences.size() == 0)
    return runtime_error(fmt::format("{} holds no items; give it lines of them", datasets::quoted(path)));
  sequences.seconds = seconds_since(start);
  return sequences;
}

}  // namespace glissade::datasets
