#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/model.h>
#include <glissade/pipeline.h>
#include <glissade/result.h>

#include "apps/input/data_options.h"
#include "datasets/record_rows.h"
#include "datasets/records/records.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace glissade::apps {

/// How the records of a model are read: what Model::data_notes() says of them, the pipeline first.
struct RecordNotes {
  datasets::RecordColumns columns;
  bool has_header = true;  ///< else columns are numbers
  std::string label_prefix = {};

  std::string text() const;
  /// Nothing if a model was not trained on records. An error if a later version wrote it.
  static Result<std::optional<RecordNotes>> of(const Model& model);
};

/// The options of commands that read records: CSV, TSV, JSON lines, fastText's files.
class RecordOptions {
 public:
  enum class For { train, use };
  void add_options(CLI::App& parser, For command);

  /// Whether an option says that data are records. `format` is what --format names, "" = nothing.
  bool asked(std::string_view format) const noexcept;
  /// Usage error if an option is given where no records are read, or does not go with the others.
  /// Logs of events are read by some of the options, too.
  Result<void> check(bool reads_records, bool reads_events = false) const;

  /// How files are to be read, `format` as above.
  Result<datasets::RecordOptions> reading(std::string_view format, const RecordNotes& notes) const;
  /// The columns of a run that begins with nothing; `text` and `labels` stand for options that name none.
  Result<RecordNotes> columns(const std::vector<std::string>& text = {}, const std::string& labels = {}) const;
  /// The same without columns.
  RecordNotes usual() const;

  /// A warning if a separator of CSV is given for another format.
  void warn_of_separator(datasets::RecordFormat format) const;
  /// Usage error if options, as far as they are given, say something else than how a run that goes on reads its records.
  Result<void> check_same(const RecordNotes& known) const;
  /// Likewise of a log of events.
  Result<void> check_same(bool has_header, const std::string& separator) const;

  bool has_header() const noexcept { return !no_header_; }
  /// Of CSV files, one character; "" where nobody names it.
  Result<std::string> separator() const;
  bool names_columns() const noexcept;
  bool names_label_separator() const noexcept;

 private:
  std::vector<std::string> text_, categories_, numbers_;
  std::string labels_;
  std::string label_separator_;
  std::string pieces_;
  std::string csv_separator_;
  std::string label_prefix_;
  bool no_header_ = false;
  bool strict_ = false;
  PipelineOptions features_;
  std::vector<const CLI::Option*> added_;
  std::vector<const CLI::Option*> of_files_;  ///< of these, those that say how a file is read
  const CLI::Option* separator_given_ = nullptr;
};

/// How the records that a command reads for `model` are read; nothing where it reads something else: the model was not trained on
/// records, or --format names another format. Usage error where options ask for records of a model that was not.
Result<std::optional<RecordNotes>> reads_records(const Model& model, const DataOptions& data, const RecordOptions& options);

/// The format that --format names.
Result<datasets::RecordFormat> choose_record_format(std::string_view text);

/// What --format takes for records, "csv, tsv, ..".
std::string record_formats();
/// Whether --format names one of records.
bool is_record_format(std::string_view name) noexcept;

}  // namespace glissade::apps
