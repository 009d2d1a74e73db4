#include "apps/input/record_feed.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <glissade/pipeline.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/record_rows.h"
#include "datasets/decompress.h"
#include "datasets/message.h"
#include "datasets/records/record_files.h"
#include "datasets/records/record_parser.h"

namespace glissade::apps {
namespace {

using datasets::RecordFormat;

/// Makes rows of records that are read one way or the other.
class RecordFeed : public RowFeed {
 public:
  RecordFeed(const RecordOptions& options, const std::string& format, const RecordNotes& notes, Pipeline pipeline,
             const RowInput& input)
      : options_(options),
        format_(format),
        notes_(notes),
        pipeline_(std::move(pipeline)),
        name_(input.name()),
        keeps_going_(input.keeps_going) {
    notes_.columns.labels.clear();
  }

  Result<RowBlock> next() override {
    if (ends()) return runtime_error(end_);
    auto block = read_block();
    if (block && block->empty() && ends()) return runtime_error(end_);
    return block;
  }
  std::vector<std::string> told() const override {
    std::vector<std::string> lines;
    if (records_ == 0) lines.push_back(fmt::format("{} held no records", name_));
    if (replaced_ > 0) lines.push_back(replaced_text(name_, replaced_));
    if (unknown_ > 0)
      lines.push_back(fmt::format("{}: {} of {} words are unknown to the model; they are passed over", name_, grouped(unknown_),
                                  grouped(words_)));
    if (no_numbers_ > 0)
      lines.push_back(fmt::format("{}: {} records have a text where a number should be, which counts for nothing", name_,
                                  grouped(no_numbers_)));
    return lines;
  }

 protected:
  virtual Result<RowBlock> read_block() = 0;
  /// Whether what was read keeps all behind it from being read.
  bool ends() const noexcept { return !end_.empty(); }
  bool told_by_content() const noexcept { return format_.empty(); }
  /// How to read what begins with `front`, its first line or more.
  Result<datasets::RecordOptions> reading_of(std::string_view front) {
    auto reading = options_.reading(format_, notes_);
    if (!reading) return reading;
    if (!reading->format && is_text(front)) reading->format = RecordFormat::lines;
    const bool words = reading->format && (*reading->format == RecordFormat::lines || *reading->format == RecordFormat::fasttext);
    const std::size_t begin = std::min(front.find_first_not_of(" \t\r\n"), front.size());
    if (words || (!reading->format && front.substr(begin).starts_with(reading->label_prefix))) {
      if (!text_column())
        return usage_error(fmt::format("{}: lines of text are for a model with a column of texts, and this has none", name_));
      options_.warn_of_separator(RecordFormat::lines);
      reading->columns = {"text"};
      is_words_ = true;
    }
    return reading;
  }

  /// Fails on a problem, unless the input keeps going.
  Result<RowBlock> rows_of(const datasets::RecordBlock& block) {
    errors_.clear();
    for (const datasets::RecordProblem& problem : block.problems()) {
      if (!keeps_going_) return runtime_error(problem.message);
      if (problem.hides_rest) {  // the last of the block: those before it are answered
        end_ = fmt::format("{}; no row behind it can be read, and it ends the run", problem.message);
      } else {
        errors_.push_back({problem.record, problem.message});
      }
    }
    offsets_.assign(1, 0);
    ids_.clear();
    values_.clear();
    std::vector<std::span<const std::string_view>> fields(notes_.columns.features.columns.size());
    for (std::size_t i = 0; i < block.size(); ++i) {
      Record record = block.record(i);
      if (is_words_) {
        fields[*text_column()] = record.front();
        record = fields;
      }
      const PipelineRow row = pipeline_.row(record, workspace_);
      ids_.insert(ids_.end(), row.ids.begin(), row.ids.end());
      values_.insert(values_.end(), row.values.begin(), row.values.end());
      offsets_.push_back(ids_.size());
      words_ += row.words;
      unknown_ += row.unknown;
      no_numbers_ += row.no_number >= 0 ? 1 : 0;
    }
    records_ += block.size();
    replaced_ += block.replaced();
    return RowBlock{{offsets_, ids_, values_}, {}, errors_};
  }

 private:
  /// Whether no format of records tells itself by the first line.
  bool is_text(std::string_view front) const {
    const std::size_t begin = std::min(front.find_first_not_of(" \t\r\n"), front.size());
    front = front.substr(begin, front.find('\n', begin) - begin);
    const std::string& prefix = notes_.label_prefix.empty() ? datasets::RecordOptions().label_prefix : notes_.label_prefix;
    if (front.starts_with('{') || front.starts_with(prefix) || !text_column() || !notes_.has_header) return false;
    return std::ranges::none_of(notes_.columns.features.columns,
                                [&](const PipelineColumn& column) { return names(front, column.name); });
  }

  /// Whether a line is a header that names a column.
  static bool names(std::string_view line, std::string_view column) {
    constexpr std::string_view kBetween = ",;\t|\"\r";
    for (std::size_t at = 0; (at = line.find(column, at)) != std::string_view::npos; ++at) {
      const std::size_t end = at + column.size();
      if ((at == 0 || kBetween.find(line[at - 1]) != std::string_view::npos) &&
          (end == line.size() || kBetween.find(line[end]) != std::string_view::npos))
        return true;
    }
    return false;
  }

  /// The first column of texts: where lines of text belong.
  std::optional<std::size_t> text_column() const {
    const auto& columns = notes_.columns.features.columns;
    const auto found = std::ranges::find(columns, ColumnKind::text, &PipelineColumn::kind);
    if (found == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
  }

  const RecordOptions& options_;
  const std::string& format_;
  RecordNotes notes_;
  Pipeline pipeline_;
  std::string name_;
  bool keeps_going_;
  std::string end_;  ///< why nothing more can be read
  std::vector<RowError> errors_;
  bool is_words_ = false;
  Pipeline::Workspace workspace_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> values_;
  std::uint64_t records_ = 0, words_ = 0, unknown_ = 0, no_numbers_ = 0;
  std::uint64_t replaced_ = 0;  ///< texts that were not UTF-8
};

class RecordStreamFeed : public RecordFeed {
 public:
  using RecordFeed::RecordFeed;
  void open(const RowInput& input) { lines_.emplace(input.lines()); }

  Result<RowBlock> read_block() override {
    while (!ended_) {
      const auto lines = lines_->next();
      if (!lines) return lines.error();
      ended_ = lines->empty();
      text_ += *lines;
      if (!parser_) {
        if (text_.empty()) break;
        auto reading = reading_of(text_);
        if (!reading) return reading.error();
        parser_.emplace(std::move(*reading), "-");
      }
      const auto taken = parser_->read(text_, ended_, block_);
      if (!taken) return taken.error();
      auto rows = rows_of(block_);
      text_.erase(0, *taken);
      if (!rows || !rows->empty() || ends()) return rows;
    }
    return RowBlock{};
  }

 private:
  std::optional<LineStream> lines_;
  std::optional<datasets::RecordParser> parser_;
  datasets::RecordBlock block_;
  std::string text_;  ///< that the parser has not taken
  bool ended_ = false;
};

/// Of the first file that `path` names, which is unpacked for it.
Result<std::string> first_line(const std::string& path) {
  const auto files = datasets::files_of(path);
  if (!files) return files.error();
  const auto text = datasets::Text::open(files->front());
  if (!text) return text.error();
  return std::string(text->text().substr(0, text->text().find('\n')));
}

class RecordFileFeed : public RecordFeed {
 public:
  using RecordFeed::RecordFeed;

  Result<void> open(const RowInput& input) {
    const auto front = first_line(input.path);
    if (!front) return front.error();
    const auto reading = reading_of(*front);
    if (!reading) return reading.error();
    if (told_by_content() && reading->format == RecordFormat::lines)
      note(fmt::format("{} is read as lines of text, since its first line names no column of the model; --format says otherwise",
                       input.name()));
    auto files = datasets::RecordFiles::open(input.path, *reading);
    if (!files) return files.error();
    files_.emplace(std::move(*files));
    return {};
  }

  Result<RowBlock> read_block() override {
    while (number_ < files_->blocks()) {
      files_->read(number_++, block_);
      auto rows = rows_of(block_);
      if (!rows || !rows->empty() || ends()) return rows;
    }
    return RowBlock{};
  }

 private:
  std::optional<datasets::RecordFiles> files_;
  datasets::RecordBlock block_;
  std::size_t number_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowFeed>> feed_of_records(const RowInput& input, const RecordOptions& options, const std::string& format,
                                                 const RecordNotes& notes, const Model& model) {
  auto pipeline = Pipeline::make(notes.columns.features, model.feature_names());
  if (!pipeline) return pipeline.error();
  if (input.is_stream()) {
    auto feed = std::make_unique<RecordStreamFeed>(options, format, notes, std::move(*pipeline), input);
    feed->open(input);
    return std::unique_ptr<RowFeed>(std::move(feed));
  }
  auto feed = std::make_unique<RecordFileFeed>(options, format, notes, std::move(*pipeline), input);
  if (auto opened = feed->open(input); !opened) return opened.error();
  return std::unique_ptr<RowFeed>(std::move(feed));
}

}  // namespace glissade::apps
