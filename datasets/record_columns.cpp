#include "datasets/record_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "hashing/seeds.h"

#include <xxhash.h>

namespace glissade::datasets {
namespace {

constexpr std::array<std::string_view, 3> kSeparators = {";", "|", ","};

bool is_finite_number(std::string_view text) noexcept {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

std::size_t count_words(std::string_view text) noexcept {
  std::size_t words = 0;
  bool within = false;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    words += !is_space && !within ? 1 : 0;
    within = !is_space;
  }
  return words;
}

std::string_view trimmed_part(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// DifferentTexts texts, by their hashes.
class DifferentTexts {
 public:
  bool add(std::string_view text) {
    if (seen_.size() >= ColumnFacts::kMostDifferent) return false;
    return seen_.insert(XXH3_64bits(text.data(), text.size())).second;
  }
  std::size_t size() const noexcept { return seen_.size(); }

 private:
  std::unordered_set<std::uint64_t> seen_;
};

/// One column while records go by.
struct SeenColumn {
  DifferentTexts whole;
  std::array<DifferentTexts, kSeparators.size()> parts;
  std::array<std::uint64_t, kSeparators.size()> holds{}, part_count{};
  std::uint64_t words = 0, arrays = 0;

  void add(std::span<const std::string_view> field, ColumnFacts& facts) {
    constexpr std::size_t kExamples = 3;
    if (field.empty()) return;
    ++facts.filled;
    arrays += field.size() > 1 ? 1 : 0;
    for (const std::string_view text : field) {
      ++facts.texts;
      facts.longest = std::max<std::uint64_t>(facts.longest, text.size());
      facts.numbers += is_finite_number(trimmed_part(text)) ? 1 : 0;
      words += count_words(text);
      if (whole.add(text) && facts.examples.size() < kExamples) facts.examples.emplace_back(text);
      for (std::size_t s = 0; s < kSeparators.size(); ++s) add_parts(text, s);
    }
  }

  void add_parts(std::string_view text, std::size_t s) {
    if (text.find(kSeparators[s]) != std::string_view::npos) ++holds[s];
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(kSeparators[s]), text.size());
      if (const std::string_view part = trimmed_part(text.substr(0, end)); !part.empty()) {
        parts[s].add(part);
        ++part_count[s];
      }
      text.remove_prefix(std::min(text.size(), end + 1));
    }
  }
};

/// Whether texts are lists: a tenth of them holds the separator, their parts are short and repeat.
bool is_list(const SeenColumn& column, const ColumnFacts& facts, std::size_t s) {
  constexpr double kTenth = 0.1, kMostWords = 4;
  const auto texts = static_cast<double>(facts.texts), parts = static_cast<double>(column.part_count[s]);
  if (static_cast<double>(column.holds[s]) < kTenth * texts || parts == 0) return false;
  return static_cast<double>(column.words) / parts <= kMostWords && static_cast<double>(column.parts[s].size()) <= 0.5 * parts;
}

ColumnGuess guess_of(const SeenColumn& column, ColumnFacts& facts) {
  constexpr double kNearly = 0.95, kMostCategoryWords = 4, kRepeats = 0.5;
  if (facts.texts == 0) return ColumnGuess::empty;
  const auto texts = static_cast<double>(facts.texts);
  const double repeats = static_cast<double>(facts.different) / texts;
  if (column.arrays != 0) return facts.words <= kMostCategoryWords && repeats <= kRepeats ? ColumnGuess::list : ColumnGuess::text;
  for (std::size_t s = 0; s < kSeparators.size(); ++s) {
    if (!is_list(column, facts, s)) continue;
    facts.separator = kSeparators[s];
    facts.different = column.parts[s].size();
    return ColumnGuess::list;
  }
  const bool numbers = static_cast<double>(facts.numbers) >= kNearly * texts;
  if (facts.words < 1.2 && repeats > kNearly && facts.texts >= 20) {
    // Numbers of records rise by one each, or nearly; measures have decimals.
    const bool whole = std::ranges::all_of(facts.examples, [](const std::string& e) { return e.find('.') == std::string::npos; });
    if (!numbers || whole) return ColumnGuess::ids;
  }
  if (numbers) return ColumnGuess::numbers;
  if (facts.words <= kMostCategoryWords && (repeats <= kRepeats || facts.texts < 20)) return ColumnGuess::categories;
  return ColumnGuess::text;
}

bool is_named(std::string_view name, std::initializer_list<std::string_view> words) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace

RecordFacts describe_columns(const RecordFiles& file, std::size_t most) {
  RecordFacts facts;
  const std::vector<std::string>& names = file.columns();
  std::vector<SeenColumn> columns(names.size());
  facts.columns.resize(names.size());
  for (std::size_t c = 0; c < names.size(); ++c) facts.columns[c].name = names[c];
  RecordBlock block;
  for (std::size_t b = 0; b < file.blocks(); ++b) {
    if (facts.records >= most) {
      facts.all = false;
      break;
    }
    file.read(b, block);
    for (const RecordProblem& problem : block.problems()) {
      if (facts.problems++ == 0) facts.first_problem = problem.message;
    }
    facts.replaced += block.replaced();
    facts.records += block.size();
    for (std::size_t record = 0; record < block.size(); ++record) {
      for (std::size_t c = 0; c < columns.size(); ++c) columns[c].add(block.field(record, c), facts.columns[c]);
    }
  }
  for (std::size_t c = 0; c < columns.size(); ++c) {
    ColumnFacts& of = facts.columns[c];
    of.different = columns[c].whole.size();
    of.words = of.texts == 0 ? 0 : static_cast<double>(columns[c].words) / static_cast<double>(of.texts);
    of.guess = guess_of(columns[c], of);
  }
  return facts;
}

ColumnRoles roles_of(const std::vector<ColumnFacts>& columns) {
  ColumnRoles roles;
  const ColumnFacts* labels = nullptr;
  int best = 0;
  for (const ColumnFacts& column : columns) {
    const bool fits = column.guess == ColumnGuess::list || column.guess == ColumnGuess::categories;
    const bool named = is_named(column.name, {"label", "tag", "categor", "class", "topic", "subject", "genre", "target"});
    const int score =
        (fits ? 1 : 0) + (column.guess == ColumnGuess::list ? 2 : 0) + (named && column.guess != ColumnGuess::empty ? 4 : 0);
    if (score > best && (fits || named)) {
      best = score;
      labels = &column;
    }
  }
  for (const ColumnFacts& column : columns) {
    if (&column == labels) {
      roles.labels = column.name;
      roles.separator = column.separator;
    } else if (column.guess == ColumnGuess::text) {
      roles.texts.push_back(column.name);
    } else if (column.guess == ColumnGuess::categories || column.guess == ColumnGuess::list) {
      roles.categories.push_back(column.name);
    } else if (column.guess == ColumnGuess::numbers) {
      roles.numbers.push_back(column.name);
    }
  }
  return roles;
}

}  // namespace glissade::datasets
