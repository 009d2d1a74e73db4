#include "engine/pipeline/notes.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace glissade {
namespace {

/// A name on a line: what would end it is written as \n, \r, \\.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '\n' || c == '\r' || c == '\\') {
      text += '\\';
      text += c == '\n' ? 'n' : c == '\r' ? 'r' : '\\';
    } else {
      text += c;
    }
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string name;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      ++at;
      name += text[at] == 'n' ? '\n' : text[at] == 'r' ? '\r' : text[at];
    } else {
      name += text[at];
    }
  }
  return name;
}

/// The first word of `text`, which loses it.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <class Number>
bool parse(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// Whether the line is one of this version.
bool take_line(std::string_view line, PipelineOptions& options) {
  const std::string_view name = take_word(line);
  PipelineColumn column;
  if (name == "text" || name == "categories") {
    column.name = unescaped(line);
    column.kind = name == "text" ? ColumnKind::text : ColumnKind::categories;
    options.columns.push_back(std::move(column));
    return true;
  }
  if (name == "numbers") {
    column.kind = ColumnKind::numbers;
    const std::string_view mean = take_word(line), deviation = take_word(line);
    column.name = unescaped(line);
    if (!parse(mean, column.mean) || !parse(deviation, column.deviation)) return false;
    options.columns.push_back(std::move(column));
    return true;
  }
  if (name == "word-ngrams") return parse(line, options.word_ngrams);
  if (name == "name-runs") {
    options.name_runs = true;
    return true;
  }
  if (name == "pieces") {
    const std::string_view shortest = take_word(line);
    return parse(shortest, options.shortest_piece) && parse(line, options.longest_piece);
  }
  if (name == "stemmer") {
    options.stemmer = line;
    return true;
  }
  if (name == "columns-apart") {
    options.columns_apart = true;
    return true;
  }
  if (name == "min-rows") return parse(line, options.min_rows);
  if (name == "max-features") return parse(line, options.max_features);
  return false;
}

}  // namespace

std::string pipeline_notes(const PipelineOptions& options) {
  std::string text(kPipelineMark);
  for (const PipelineColumn& column : options.columns) {
    const std::string name = escaped(column.name);
    switch (column.kind) {
      case ColumnKind::text: text += fmt::format("text {}\n", name); break;
      case ColumnKind::categories: text += fmt::format("categories {}\n", name); break;
      case ColumnKind::numbers: text += fmt::format("numbers {} {} {}\n", column.mean, column.deviation, name); break;
    }
  }
  const PipelineOptions usual;
  if (options.word_ngrams != usual.word_ngrams) text += fmt::format("word-ngrams {}\n", options.word_ngrams);
  if (options.name_runs) text += "name-runs \n";
  if (options.longest_piece != 0) text += fmt::format("pieces {} {}\n", options.shortest_piece, options.longest_piece);
  if (!options.stemmer.empty()) text += fmt::format("stemmer {}\n", options.stemmer);
  if (options.columns_apart) text += "columns-apart \n";
  if (options.min_rows != usual.min_rows) text += fmt::format("min-rows {}\n", options.min_rows);
  if (options.max_features != usual.max_features) text += fmt::format("max-features {}\n", options.max_features);
  return text + '\n';
}

Result<PipelineOptions> read_pipeline_notes(std::string_view text) {
  if (!text.starts_with(kPipelineMark)) return runtime_error("the model holds no text pipeline that this version knows");
  text.remove_prefix(kPipelineMark.size());
  PipelineOptions options;
  while (!text.empty() && text.front() != '\n') {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (!take_line(line, options))
      return runtime_error(
          fmt::format("the model's text pipeline has a line that this version does not know, '{}'; use the version "
                      "that wrote it, or a later one",
                      line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (auto ok = validate(options); !ok) return ok.error();
  return options;
}

}  // namespace glissade
