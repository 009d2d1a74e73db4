#include "datasets/corpus.h"

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "datasets/decompress.h"
#include "datasets/memory.h"
#include "datasets/message.h"
#include "hashing/word_table.h"

namespace glissade::datasets {
namespace {

constexpr std::uint32_t kBreak = TextView::kBreak;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Words of one thread, in numbers of its own, until the vocabulary is known.
struct Counter {
  hashing::WordTable table;
  std::vector<std::uint32_t> numbers;  ///< in the vocabulary, of each of its words
};

/// A piece of the text between two places where a word may end.
struct Chunk {
  std::string_view text;
  Counter* counter = nullptr;
  std::vector<std::uint32_t> tokens;
};

std::vector<Chunk> cut(std::string_view text) {
  std::vector<Chunk> chunks;
  chunks.reserve(text.size() / kChunkBytes + 1);
  while (!text.empty()) {
    std::size_t end = std::min(kChunkBytes, text.size());
    while (end < text.size() && !is_space(text[end])) ++end;
    chunks.emplace_back().text = text.substr(0, end);
    text.remove_prefix(end);
  }
  return chunks;
}

/// Calls word(view) for each word, line() for each line's end.
template <class Word, class Line>
void scan(std::string_view text, const Word& word, const Line& line) {
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      if (text[at] == '\n') line();
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    while (end < text.size() && !is_space(text[end])) ++end;
    word(text.substr(at, end - at));
    at = end;
  }
}

void add_break(std::vector<std::uint32_t>& tokens) {
  if (!tokens.empty() && tokens.back() != kBreak) tokens.push_back(kBreak);
}

/// A chunk in the numbers of its thread.
void count_chunk(Chunk& chunk, Counter& counter) {
  chunk.counter = &counter;
  chunk.tokens.reserve(chunk.text.size() / 5);
  bool start = true;  // a break may be the chunk's first token: the chunk before it may end in a word
  scan(
      chunk.text,
      [&](std::string_view word) {
        chunk.tokens.push_back(counter.table.add(word));
        start = false;
      },
      [&] {
        if (start) {
          chunk.tokens.push_back(kBreak);
        } else {
          add_break(chunk.tokens);
        }
        start = false;
      });
}

void renumber(Chunk& chunk) {
  std::size_t kept = 0;
  for (const std::uint32_t token : chunk.tokens) {
    const std::uint32_t number = token == kBreak ? kBreak : chunk.counter->numbers[token];
    if (token != kBreak && number == hashing::WordTable::kNone) continue;
    if (token == kBreak && kept > 0 && chunk.tokens[kept - 1] == kBreak) continue;
    chunk.tokens[kept++] = number;
  }
  chunk.tokens.resize(kept);
}

/// All chunks in a row, without a break at the beginning, at the end or after another.
std::vector<std::uint32_t> join(std::vector<Chunk>& chunks) {
  std::size_t total = 0;
  for (const Chunk& chunk : chunks) total += chunk.tokens.size();
  std::vector<std::uint32_t> tokens;
  tokens.reserve(total);
  for (Chunk& chunk : chunks) {
    for (const std::uint32_t token : chunk.tokens) {
      if (token == kBreak) {
        add_break(tokens);
      } else {
        tokens.push_back(token);
      }
    }
    chunk.tokens = {};
  }
  if (!tokens.empty() && tokens.back() == kBreak) tokens.pop_back();
  return tokens;
}

Error not_utf8(std::string_view text, std::string_view word, const std::string& path) {
  const auto at = static_cast<std::size_t>(word.data() - text.data());
  const auto line =
      static_cast<std::uint64_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) + 1;
  return runtime_error(
      fmt::format("{}: the word '{}' is not UTF-8; convert the text, for instance with iconv", place(path, line), shown(word)));
}

/// The text of a file with its words counted.
class Counting {
 public:
  static Result<Counting> of(const std::string& path) {
    auto text = Text::open(path);
    if (!text) return text.error();
    // Tokens in thread's numbers and in the vocabulary's, 4 bytes each: words are rarely shorter than 3 letters and a space.
    if (auto enough = require_memory(2 * text->text().size(), "reading " + datasets::quoted(path)); !enough)
      return enough.error();
    return Counting(std::move(*text));
  }

  void count() {
    chunks = cut(text.text());
    tbb::parallel_for(std::size_t{0}, chunks.size(), [&](std::size_t i) { count_chunk(chunks[i], counters_.local()); });
    for (Counter& counter : counters_) {
      for (std::size_t i = 0; i < counter.table.size(); ++i) all.add(counter.table.words()[i], counter.table.counts()[i]);
    }
  }

  /// numbers[i]: what word i of `all` is called from here on, kNone to leave it out.
  std::vector<std::uint32_t> tokens(const std::vector<std::uint32_t>& numbers) {
    for (Counter& counter : counters_) {
      counter.numbers.reserve(counter.table.size());
      for (const std::string_view word : counter.table.words()) counter.numbers.push_back(numbers[all.find(word)]);
    }
    tbb::parallel_for(std::size_t{0}, chunks.size(), [&](std::size_t i) { renumber(chunks[i]); });
    return join(chunks);
  }

  Text text;
  std::vector<Chunk> chunks;
  hashing::WordTable all;

 private:
  explicit Counting(Text t) : text(std::move(t)) {}
  tbb::enumerable_thread_specific<Counter> counters_;
};

std::uint64_t sum_of(const std::vector<std::uint32_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

Error too_few(const Corpus& corpus, const std::string& path, std::uint32_t min_count) {
  if (corpus.different == 0) return runtime_error(fmt::format("{} holds no words; give it some text", datasets::quoted(path)));
  if (min_count > 1) {
    return runtime_error(
        fmt::format("{}: {} of its {} different words occur at least {} times, and two are needed; use a lower "
                    "min-count, or a longer text",
                    datasets::quoted(path), corpus.words.empty() ? "none" : "one", corpus.different, min_count));
  }
  return runtime_error(fmt::format("{} has one different word, '{}', and two are needed; give it a longer text",
                                   datasets::quoted(path), shown(corpus.words.front())));
}

/// Takes the words over that occur often enough; the numbers of all of them.
std::vector<std::uint32_t> choose_words(const hashing::WordTable& all, std::uint32_t min_count, Corpus& corpus) {
  std::vector<std::uint32_t> chosen;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (all.counts()[i] >= min_count) chosen.push_back(i);
  }
  std::sort(chosen.begin(), chosen.end(), [&](std::uint32_t a, std::uint32_t b) {
    return all.counts()[a] != all.counts()[b] ? all.counts()[a] > all.counts()[b] : all.words()[a] < all.words()[b];
  });
  std::vector<std::uint32_t> numbers(all.size(), hashing::WordTable::kNone);
  for (const std::uint32_t word : chosen) {
    numbers[word] = static_cast<std::uint32_t>(corpus.words.size());
    corpus.words.emplace_back(all.words()[word]);
    corpus.counts.push_back(all.counts()[word]);
  }
  return numbers;
}

class Watch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

std::size_t utf8_end(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned first = byte(i), second = byte(i + 1);
    std::size_t length = 1;
    if (first >= 0x80) length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4) return i;
    for (std::size_t j = 1; j < length; ++j) {
      if ((byte(i + j) & 0xc0u) != 0x80u) return i;
    }
    // Too long a form, a surrogate, past the last code point.
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
      return i;
    i += length;
  }
  return text.size();
}

Result<Corpus> read_corpus(const std::string& path, std::uint32_t min_count) {
  const Watch watch;
  auto counting = Counting::of(path);
  if (!counting) return counting.error();
  counting->count();
  Corpus corpus;
  corpus.different = counting->all.size();
  corpus.read = sum_of(counting->all.counts());
  corpus.text_bytes = counting->text.text().size();
  const auto numbers = choose_words(counting->all, min_count, corpus);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::string_view word = counting->all.words()[i];
    if (numbers[i] != hashing::WordTable::kNone && utf8_end(word) < word.size())
      return not_utf8(counting->text.text(), word, path);
  }
  if (corpus.words.size() < 2) return too_few(corpus, path, min_count);
  corpus.tokens = counting->tokens(numbers);
  corpus.seconds = watch.seconds();
  return corpus;
}

Result<Corpus> read_corpus(const std::string& path, const std::vector<std::string>& words) {
  const Watch watch;
  auto counting = Counting::of(path);
  if (!counting) return counting.error();
  counting->count();
  Corpus corpus;
  corpus.words = words;
  corpus.counts.assign(words.size(), 0);
  corpus.different = counting->all.size();
  corpus.read = sum_of(counting->all.counts());
  corpus.text_bytes = counting->text.text().size();
  hashing::WordTable known;
  for (const std::string& word : words) known.add(word);
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < counting->all.size(); ++i) {
    numbers.push_back(known.find(counting->all.words()[i]));
    if (numbers.back() != hashing::WordTable::kNone) corpus.counts[numbers.back()] = counting->all.counts()[i];
  }
  corpus.tokens = counting->tokens(numbers);
  corpus.seconds = watch.seconds();
  if (!corpus.tokens.empty()) return corpus;
  return runtime_error(
      fmt::format("{} holds no word of the model's vocabulary; give it a text of the same kind", datasets::quoted(path)));
}

std::vector<std::uint32_t> cut_tail(Corpus& corpus, double share) {
  const auto kept = static_cast<std::size_t>(static_cast<double>(corpus.tokens.size()) * (1 - share));
  std::vector<std::uint32_t> tail(corpus.tokens.begin() + static_cast<std::ptrdiff_t>(kept), corpus.tokens.end());
  corpus.tokens.resize(kept);
  return tail;
}

}  // namespace glissade::datasets
