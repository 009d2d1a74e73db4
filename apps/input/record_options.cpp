#include "apps/input/record_options.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/choice.h"
#include "apps/config/number_option.h"
#include "apps/console/output.h"
#include "apps/input/data_notes.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

using datasets::RecordFormat;

constexpr std::array<Choice<RecordFormat>, 5> kRecordFormats = {{{"csv", RecordFormat::csv},
                                                                 {"tsv", RecordFormat::tsv},
                                                                 {"jsonl", RecordFormat::json_lines},
                                                                 {"fasttext", RecordFormat::fasttext},
                                                                 {"lines", RecordFormat::lines}}};
constexpr const char* kReader = "reader";

void add_columns(PipelineOptions& options, const std::vector<std::string>& names, ColumnKind kind) {
  for (const std::string& name : names) options.columns.push_back({name, kind, 0, 1});
}

}  // namespace

Result<RecordFormat> choose_record_format(std::string_view text) { return choose("--format", std::string(text), kRecordFormats); }

std::string record_formats() {
  std::string names;
  for (const auto& format : kRecordFormats) names += fmt::format("{}{}", names.empty() ? "" : ", ", format.name);
  return names;
}

bool is_record_format(std::string_view name) noexcept {
  return std::ranges::find(kRecordFormats, name, &Choice<RecordFormat>::name) != kRecordFormats.end();
}

std::string RecordNotes::text() const {
  nlohmann::ordered_json reader;
  reader["labels"] = columns.labels;
  reader["label-separator"] = columns.label_separator;
  reader["header"] = has_header;
  reader["label-prefix"] = label_prefix;
  return pipeline_notes(columns.features) + fmt::format("{} {}\n", kReader, reader.dump());
}

Result<std::optional<RecordNotes>> RecordNotes::of(const Model& model) {
  const std::string& notes = model.data_notes();
  if (!Pipeline::is_pipeline(notes)) return std::optional<RecordNotes>();
  auto features = read_pipeline_notes(notes);
  if (!features) return features.error();
  RecordNotes found;
  found.columns.features = std::move(*features);
  const std::string line(notes_value(notes.substr(std::min(notes.find("\n\n"), notes.size())), kReader));
  const auto reader = nlohmann::json::parse(line, nullptr, false);
  if (!reader.is_object()) return runtime_error("the model does not say how its records are read; train it anew");
  found.columns.labels = reader.value("labels", "");
  found.columns.label_separator = reader.value("label-separator", "");
  found.has_header = reader.value("header", true);
  found.label_prefix = reader.value("label-prefix", "");
  return std::optional(std::move(found));
}

Result<std::optional<RecordNotes>> reads_records(const Model& model, const DataOptions& data, const RecordOptions& options) {
  auto notes = RecordNotes::of(model);
  if (!notes) return notes;
  const bool record_format = is_record_format(data.format());
  if (*notes && !data.format().empty() && !record_format) notes->reset();
  if (!*notes && record_format)
    return usage_error(
        fmt::format("--format {}: the model was not trained on records; leave it out, or train one on some", data.format()));
  if (auto ok = options.check(notes->has_value()); !ok) return ok.error();
  return notes;
}

void RecordOptions::add_options(CLI::App& parser, For command) {
  const std::string group = "Records";
  const auto grouped = [&](CLI::Option* option, const char* type) {
    added_.push_back(option->type_name(type)->group(group));
    return option;
  };
  grouped(parser.add_option("--csv-separator", csv_separator_,
                            "Between the fields of a CSV file: one character, or tab. Default: told by the first line."),
          "CHAR");
  of_files_.push_back(added_.back());
  added_.push_back(
      parser
          .add_flag("--strict", strict_,
                    "Refuse texts that are not UTF-8. Default: they are counted, and U+FFFD stands for what is none.")
          ->group(group));
  if (command != For::train) return;
  grouped(parser
              .add_option("--text", text_,
                          "Columns of texts, whose words are features. Data with columns are CSV, TSV or JSON lines, told by "
                          "their content; a column is a name of the header, or of a field (meta.tags: within another).")
              ->delimiter(','),
          "COLUMN,..");
  grouped(parser.add_option("--categories", categories_, "Columns whose whole text is a feature.")->delimiter(','), "COLUMN,..");
  grouped(parser.add_option("--numbers", numbers_, "Columns of numbers, which are standardised.")->delimiter(','), "COLUMN,..");
  grouped(parser.add_option("--labels", labels_, "The column of labels, by name."), "COLUMN");
  separator_given_ = grouped(
      parser.add_option(
          "--label-separator", label_separator_,
          "Between the labels of one text; none: a text is one label. Default: ; or | where a tenth of the first texts hold it, "
          "else none."),
      "TEXT");
  grouped(add_number(parser, "--word-ngrams", features_.word_ngrams, {1, 3},
                     "Runs of up to so many words are features, too; 1 to 3. Default 1."),
          "N");
  grouped(parser.add_option("--char-ngrams", pieces_,
                            "Pieces of words of so many characters are features, too, such as 3,5; up to 8. Default none."),
          "LEAST,MOST");
  grouped(parser.add_option("--stem", features_.stemmer,
                            "Words are brought to their stems, by Snowball's rules for a language: english, german, finnish .. "
                            "Default none."),
          "NAME");
  added_.push_back(parser
                       .add_flag("--separate-columns", features_.columns_apart,
                                 "A word is another feature in each text column. Default: it is the same.")
                       ->group(group));
  grouped(add_number(parser, "--min-df", features_.min_rows, {1},
                     "Words and categories that fewer rows have are left out. Default 1."),
          "N");
  grouped(add_number(parser, "--max-features", features_.max_features, {1},
                     "So many words and categories at most, those that most rows have. Default 4194304."),
          "N");
  added_.push_back(
      parser.add_flag("--no-header", no_header_, "CSV and TSV have no header; columns are named 1, 2, ..")->group(group));
  of_files_.push_back(added_.back());
  grouped(parser.add_option("--label-prefix", label_prefix_, "What labels begin with in a fastText file. Default __label__."),
          "TEXT");
}

bool RecordOptions::asked(std::string_view format) const noexcept { return is_record_format(format) || names_columns(); }

namespace {

Error reads_otherwise(std::string_view option) {
  return usage_error(
      fmt::format("--resume: the run reads its data in another way than {} says; leave it out, or start a new run without "
                  "--resume",
                  option));
}

/// Without what was learned of the data.
PipelineOptions told(PipelineOptions options) {
  options.name_runs = false;
  for (PipelineColumn& column : options.columns) {
    column.mean = 0;
    column.deviation = 1;
  }
  return options;
}

}  // namespace

void RecordOptions::warn_of_separator(RecordFormat format) const {
  if (csv_separator_.empty() || format == RecordFormat::csv || format == RecordFormat::tsv) return;
  complain("warning: option '--csv-separator' has no effect: the data are no CSV; it counts for CSV files");
}

Result<void> RecordOptions::check_same(const RecordNotes& known) const {
  // What is not given is as it was.
  const PipelineOptions& features = known.columns.features;
  const auto given = [&](const char* name) {
    return std::ranges::any_of(added_,
                               [&](const CLI::Option* option) { return option->get_name() == name && option->count() > 0; });
  };
  RecordNotes notes = usual();
  if (names_columns()) {
    auto asked = columns({}, known.columns.labels);
    if (!asked) return asked.error();
    notes = std::move(*asked);
    if (text_.empty() && categories_.empty() && numbers_.empty()) notes.columns.features.columns = features.columns;
  } else {
    notes.columns.features.columns = features.columns;
    notes.columns.labels = known.columns.labels;
  }
  PipelineOptions& wanted = notes.columns.features;
  if (!given("--word-ngrams")) wanted.word_ngrams = features.word_ngrams;
  if (!given("--char-ngrams"))
    std::tie(wanted.shortest_piece, wanted.longest_piece) = std::pair(features.shortest_piece, features.longest_piece);
  if (!given("--stem")) wanted.stemmer = features.stemmer;
  if (!given("--separate-columns")) wanted.columns_apart = features.columns_apart;
  if (!given("--min-df")) wanted.min_rows = features.min_rows;
  if (!given("--max-features")) wanted.max_features = features.max_features;
  if (told(wanted) != told(features) || notes.columns.labels != known.columns.labels)
    return reads_otherwise("an option of its columns or words");
  if (given("--label-separator") && notes.columns.label_separator != known.columns.label_separator)
    return reads_otherwise("--label-separator");
  if (given("--label-prefix") && notes.label_prefix != known.label_prefix) return reads_otherwise("--label-prefix");
  if (given("--no-header") && known.has_header) return reads_otherwise("--no-header");
  return {};
}

Result<void> RecordOptions::check_same(bool has_header, const std::string& separator) const {
  if (no_header_ && has_header) return reads_otherwise("--no-header");
  const auto asked = this->separator();
  if (!asked) return asked.error();
  if (!asked->empty() && *asked != separator) return reads_otherwise("--csv-separator");
  return {};
}

bool RecordOptions::names_columns() const noexcept {
  return !text_.empty() || !categories_.empty() || !numbers_.empty() || !labels_.empty();
}

bool RecordOptions::names_label_separator() const noexcept {
  return separator_given_ != nullptr && separator_given_->count() > 0;
}

Result<void> RecordOptions::check(bool reads_records, bool reads_events) const {
  for (const CLI::Option* option : added_) {
    const bool counts = reads_records || (reads_events && std::ranges::find(of_files_, option) != of_files_.end());
    if (option->count() > 0 && !counts)
      return usage_error(
          fmt::format("{} is for records (CSV, TSV, JSON lines, fastText); name their columns with --text and "
                      "--labels, or leave it out",
                      option->get_name()));
  }
  return {};
}

Result<std::string> RecordOptions::separator() const {
  const std::string text = csv_separator_ == "tab" || csv_separator_ == "\\t" ? "\t" : csv_separator_;
  if (text.size() > 1)
    return usage_error(fmt::format("--csv-separator: '{}' is no single character; give one, or tab", csv_separator_));
  return text;
}

Result<datasets::RecordOptions> RecordOptions::reading(std::string_view format, const RecordNotes& notes) const {
  datasets::RecordOptions options;
  if (!format.empty()) {
    const auto chosen = choose("--format", format, kRecordFormats);
    if (!chosen) return chosen.error();
    options.format = *chosen;
  }
  const auto given = separator();
  if (!given) return given.error();
  if (!given->empty()) options.separator = given->front();
  options.header = notes.has_header;
  options.strict = strict_;
  if (!notes.label_prefix.empty()) options.label_prefix = notes.label_prefix;
  for (const PipelineColumn& column : notes.columns.features.columns) options.columns.push_back(column.name);
  if (!notes.columns.labels.empty()) options.columns.push_back(notes.columns.labels);
  return options;
}

RecordNotes RecordOptions::usual() const {
  RecordNotes notes;
  notes.has_header = !no_header_;
  notes.label_prefix = label_prefix_;
  notes.columns.features = features_;
  if (label_separator_ != "none") notes.columns.label_separator = label_separator_;
  return notes;
}

Result<RecordNotes> RecordOptions::columns(const std::vector<std::string>& text, const std::string& labels) const {
  RecordNotes notes = usual();
  PipelineOptions& features = notes.columns.features;
  add_columns(features, text_, ColumnKind::text);
  add_columns(features, categories_, ColumnKind::categories);
  add_columns(features, numbers_, ColumnKind::numbers);
  if (features.columns.empty()) add_columns(features, text, ColumnKind::text);
  notes.columns.labels = labels_.empty() ? labels : labels_;
  if (features.columns.empty() || notes.columns.labels.empty())
    return usage_error("records need columns: name those of texts with --text, and that of labels with --labels");
  if (!pieces_.empty()) {
    const std::size_t comma = std::min(pieces_.find(','), pieces_.size());
    const std::string_view most = std::string_view(pieces_).substr(std::min(comma + 1, pieces_.size()));
    for (const auto& [text, out] : {std::pair{std::string_view(pieces_).substr(0, comma), &features.shortest_piece},
                                    {comma == pieces_.size() ? std::string_view(pieces_) : most, &features.longest_piece}}) {
      if (const std::string wrong = read_number(text, Limits<std::uint32_t>{1, 8}, *out); !wrong.empty())
        return usage_error("--char-ngrams: " + wrong);
    }
  }
  if (auto ok = validate(features); !ok) return ok.error();
  return notes;
}

}  // namespace glissade::apps
