#include "apps/input/columns_page.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "apps/console/numbers.h"
#include "datasets/record_columns.h"

namespace glissade::apps {
namespace {

using datasets::ColumnFacts;
using datasets::ColumnGuess;
using datasets::ColumnRoles;
using datasets::RecordFacts;
using datasets::RecordFiles;
using datasets::RecordFormat;
using Json = nlohmann::ordered_json;

std::string_view guess_name(ColumnGuess guess) {
  switch (guess) {
    case ColumnGuess::empty: return "empty";
    case ColumnGuess::ids: return "ids";
    case ColumnGuess::numbers: return "numbers";
    case ColumnGuess::categories: return "categories";
    case ColumnGuess::list: return "list";
    case ColumnGuess::text: break;
  }
  return "text";
}

std::string kind_text(const ColumnFacts& column) {
  switch (column.guess) {
    case ColumnGuess::ids: return "ids, nearly all different";
    case ColumnGuess::list: return column.separator.empty() ? "lists" : fmt::format("lists, separated by '{}'", column.separator);
    case ColumnGuess::text: return fmt::format("texts of {:.1f} words", column.words);
    default: return std::string(guess_name(column.guess));
  }
}

/// On one line, cut where it is long.
std::string example(std::string text) {
  constexpr std::size_t kLongest = 40;
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // within a character
  return text.substr(0, end) + "...";
}

/// As a shell reads it back.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/' || c == ',' || c >= 0x80;
  });
  if (plain) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string command_for(const std::string& path, const RecordFiles& file, const ColumnRoles& roles) {
  if (file.format() == RecordFormat::fasttext) return fmt::format("glissade train --train {} --model model.glsd", quoted(path));
  if (roles.labels.empty() || (roles.texts.empty() && roles.categories.empty() && roles.numbers.empty())) return "";
  std::string command = fmt::format("glissade train --train {}", quoted(path));
  const auto add = [&](const char* option, const std::vector<std::string>& columns) {
    if (!columns.empty()) command += fmt::format(" {} {}", option, quoted(fmt::format("{}", fmt::join(columns, ","))));
  };
  add("--text", roles.texts);
  add("--categories", roles.categories);
  add("--numbers", roles.numbers);
  command += " --labels " + quoted(roles.labels);
  if (!roles.separator.empty()) command += " --label-separator " + quoted(roles.separator);
  return command + " --model model.glsd";
}

std::string page(const std::string& path, const RecordFiles& file, const RecordFacts& facts, const std::string& command) {
  const auto share = [&](std::uint64_t part) {
    return percent(facts.records == 0 ? 0 : static_cast<double>(part) / static_cast<double>(facts.records), 1);
  };
  std::string text = fmt::format("{:<22} {}, {}\n", "data", path, file.format_text());
  text += fmt::format("{:<22} {}{}\n", "records", grouped(facts.records), facts.all ? "" : ", the first; not all were looked at");
  if (facts.problems != 0)
    text += fmt::format("{:<22} {}; the first: {}\n", "  that cannot be taken", grouped(facts.problems), facts.first_problem);
  if (facts.replaced != 0) text += fmt::format("{:<22} {}\n", "  texts not in UTF-8", grouped(facts.replaced));
  text += fmt::format("{:<22} {:>8} {:>10}  {:<28} {}\n", "column", "filled %", "different", "seems to hold", "such as");
  for (const ColumnFacts& column : facts.columns) {
    std::vector<std::string> examples;
    for (const std::string& one : column.examples) examples.push_back(example(one));
    text += fmt::format("{:<22} {:>8} {:>10}  {:<28} {}\n", column.name, share(column.filled), grouped(column.different),
                        kind_text(column), fmt::join(examples, " | "));
  }
  if (command.empty())
    return text + "train by               name a column of labels and one of texts: --text COLUMN --labels COLUMN\n";
  return text + fmt::format("{:<22} {}\n", "train by", command);
}

Json json_of(const std::string& path, const RecordFiles& file, const RecordFacts& facts, const std::string& command) {
  Json json = {{"data", path},     {"format", file.format_text()}, {"records", facts.records},
               {"all", facts.all}, {"problems", facts.problems},   {"texts_not_utf8", facts.replaced}};
  json["columns"] = Json::array();
  for (const ColumnFacts& column : facts.columns) {
    const double records = static_cast<double>(std::max<std::uint64_t>(1, facts.records));
    json["columns"].push_back({{"name", column.name},
                               {"holds", guess_name(column.guess)},
                               {"separator", column.separator},
                               {"filled", static_cast<double>(column.filled) / records},
                               {"different", column.different},
                               {"words", column.words},
                               {"longest_bytes", column.longest},
                               {"examples", column.examples}});
  }
  json["train_by"] = command;
  return json;
}

/// Rows of ids are numbers and signs; a header, or a text, has letters.
bool has_letters(const std::vector<std::string>& columns) {
  return std::ranges::any_of(columns, [](const std::string& name) {
    return std::ranges::any_of(name, [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; });
  });
}

}  // namespace

Result<std::optional<std::string>> columns_page(const std::string& path, const datasets::RecordOptions& options, bool json) {
  const bool told = options.format.has_value();
  auto file = RecordFiles::open(path, options);
  if (!file) return told ? Result<std::optional<std::string>>(file.error()) : std::optional<std::string>();
  const bool plain = file->format() == RecordFormat::csv || file->format() == RecordFormat::tsv;
  if (!told && plain && (file->columns().size() < 2 || !has_letters(file->columns()))) return std::optional<std::string>();
  if (!told && file->format() == RecordFormat::lines) return std::optional<std::string>();
  datasets::RecordOptions all = options;
  all.columns = file->columns();
  auto whole = RecordFiles::open(path, all);
  if (!whole) return whole.error();
  const RecordFacts facts = datasets::describe_columns(*whole);
  const std::string command = command_for(path, *whole, datasets::roles_of(facts.columns));
  return std::optional(json ? json_of(path, *whole, facts, command).dump(2) + "\n" : page(path, *whole, facts, command));
}

}  // namespace glissade::apps
