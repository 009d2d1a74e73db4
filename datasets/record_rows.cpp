#include "datasets/record_rows.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_pipeline.h>

#include "datasets/message.h"
#include "datasets/record_labels.h"
#include "datasets/stored_rows.h"
#include "hashing/word_table.h"

namespace glissade::datasets {
namespace {

using hashing::WordTable;

/// Numbers for labels that are known.
struct KnownLabels {
  WordTable names;
  LabelRows rows;
};

/// Gives the records of blocks to a pipeline.
class Reading {
 public:
  /// `labels`: takes the labels of each block, unless they were read. `kept`: blocks that were read, if any.
  Reading(const RecordFiles& file, const RecordColumns& columns, bool strict, KnownLabels* labels,
          std::vector<RecordBlock> kept = {})
      : file_(file), columns_(columns), strict_(strict), labels_(labels), kept_(std::move(kept)) {}

  Result<void> operator()(std::size_t number, RecordSink& sink) {
    RecordBlock block;
    if (kept_.empty()) {
      file_.read(number, block);
    } else {
      block = std::move(kept_[number]);
    }
    if (!block.problems().empty()) return runtime_error(block.problems().front().message);
    replaced_ += block.replaced();
    const std::size_t columns = columns_.features.columns.size();
    BlockLabels labels;
    for (std::size_t record = 0; record < block.size(); ++record) {
      if (labels_ != nullptr) labels.add(block.field(record, columns), columns_.label_separator);
      const std::int32_t no_number = sink.add(block.record(record).first(columns));
      if (no_number >= 0) {
        const auto column = static_cast<std::size_t>(no_number);
        auto told = tell_no_number(number, block, record, column);
        if (!told) return told;
      }
    }
    if (labels_ == nullptr) return {};
    std::vector<std::uint32_t> numbers;
    for (const std::string_view name : labels.names()) numbers.push_back(labels_->names.find(name));
    return labels_->rows.put(number, labels, numbers, static_cast<std::uint32_t>(labels_->names.size()));
  }

  std::uint64_t replaced() const noexcept { return replaced_; }
  std::uint64_t no_numbers() const noexcept { return no_numbers_; }
  const std::string& first_no_number() const noexcept { return first_; }

 private:
  Result<void> tell_no_number(std::size_t number, const RecordBlock& block, std::size_t record, std::size_t column) {
    const std::string text =
        fmt::format("{}: column '{}' is '{}', which is no number", file_.place(number, block, record),
                    shown(columns_.features.columns[column].name), shown(std::string(block.field(record, column).front())));
    if (strict_) return runtime_error(text + "; mend it, or name the column in --categories or --text instead");
    const std::scoped_lock lock(mutex_);
    if (no_numbers_++ == 0 || std::pair(number, record) < first_place_) {
      first_ = text;
      first_place_ = {number, record};
    }
    return {};
  }

  const RecordFiles& file_;
  const RecordColumns& columns_;
  bool strict_;
  KnownLabels* labels_;
  std::vector<RecordBlock> kept_;
  std::atomic<std::uint64_t> replaced_ = 0;
  std::mutex mutex_;
  std::uint64_t no_numbers_ = 0;
  std::pair<std::size_t, std::size_t> first_place_;
  std::string first_;
};

/// Files of more text are read twice: their records would take about as much memory as the text.
constexpr std::uint64_t kMostKept = std::uint64_t{512} << 20;

/// Reads the labels of all blocks, which must be known before features are made, and numbers them in their order. Blocks that
/// were read go to `kept` if there is room.
class LabelReading {
 public:
  LabelReading(const RecordFiles& file, const RecordColumns& columns, LabelRows& rows)
      : file_(file), columns_(columns), rows_(rows) {}

  /// `most`: bytes of text whose records are kept.
  Result<void> run(std::uint64_t most, std::vector<RecordBlock>& kept);
  std::vector<std::string> take_names();

 private:
  struct Read {
    std::size_t number = 0;
    BlockLabels labels;
    std::optional<Error> problem;
  };
  Read read(std::size_t number, std::vector<RecordBlock>& kept) const;
  Result<void> take(const Read& read);

  const RecordFiles& file_;
  const RecordColumns& columns_;
  LabelRows& rows_;
  std::deque<std::string> names_;  // stay where they are
  WordTable table_;
};

LabelReading::Read LabelReading::read(std::size_t number, std::vector<RecordBlock>& kept) const {
  Read read{number, {}, {}};
  RecordBlock own;
  RecordBlock& block = kept.empty() ? own : kept[number];
  file_.read(number, block);
  if (!block.problems().empty()) read.problem = runtime_error(block.problems().front().message);
  for (std::size_t record = 0; record < block.size(); ++record)
    read.labels.add(block.field(record, columns_.features.columns.size()), columns_.label_separator);
  return read;
}

Result<void> LabelReading::take(const Read& read) {
  if (read.problem) return *read.problem;
  std::vector<std::uint32_t> numbers;
  for (const std::string_view name : read.labels.names()) {
    std::uint32_t number = table_.find(name);
    if (number == WordTable::kNone) number = table_.add(names_.emplace_back(name));
    numbers.push_back(number);
  }
  return rows_.put(read.number, read.labels, numbers, 0);
}

/// A few blocks at a time: the names of a block's labels take about as much memory as its text.
Result<void> LabelReading::run(std::uint64_t most, std::vector<RecordBlock>& kept) {
  if (file_.text_bytes() <= most) kept.resize(file_.blocks());
  std::size_t next = 0;
  std::optional<Error> failed;  // of the stage that is serial
  std::atomic<bool> stopping = false;
  const auto in_flight = static_cast<std::size_t>(std::max(1, tbb::info::default_concurrency())) * 4;
  tbb::parallel_pipeline(in_flight,
                         tbb::make_filter<void, std::size_t>(tbb::filter_mode::serial_in_order, [&](tbb::flow_control& flow) {
                           if (next == file_.blocks() || stopping) flow.stop();
                           return next++;
                         }) & tbb::make_filter<std::size_t, Read>(tbb::filter_mode::parallel, [&](std::size_t number) {
                           return read(number, kept);
                         }) & tbb::make_filter<Read, void>(tbb::filter_mode::serial_in_order, [&](const Read& read) {
                           if (failed) return;
                           if (auto done = take(read); !done) failed = done.error();
                           stopping = failed.has_value();
                         }));
  if (failed) return *failed;
  return {};
}

std::vector<std::string> LabelReading::take_names() {
  return {std::make_move_iterator(names_.begin()), std::make_move_iterator(names_.end())};
}

/// Rows that all are in memory.
Result<Dataset> dataset_in_memory(PipelineRows& features, std::uint32_t feature_count, const LabelRows& labels,
                                  std::uint32_t label_count) {
  Dataset::Arrays arrays;
  arrays.feature_count = feature_count;
  arrays.label_count = label_count;
  arrays.feature_offsets = std::move(features.offsets);
  arrays.feature_ids = std::move(features.ids);
  arrays.feature_values = std::move(features.values);
  arrays.label_offsets.assign(1, 0);
  arrays.label_ids.reserve(labels.labels());
  std::vector<std::uint32_t> of_block;
  for (std::size_t block = 0; block < labels.blocks(); ++block) {
    if (auto done = labels.ends(block, of_block); !done) return done.error();
    for (const std::uint32_t end : of_block) arrays.label_offsets.push_back(arrays.label_ids.size() + end);
    if (auto done = labels.ids(block, of_block); !done) return done.error();
    arrays.label_ids.insert(arrays.label_ids.end(), of_block.begin(), of_block.end());
  }
  return Dataset(std::move(arrays));
}

/// The rows of all blocks, in memory or, where some were too many for it, as a file of the cache.
Result<Dataset> dataset_of(PipelineRows& features, std::size_t feature_count, const LabelRows& labels, std::size_t label_count,
                           const RowSpill& spill, const RecordFiles& file) {
  const auto features_in_all = static_cast<std::uint32_t>(feature_count), labels_in_all = static_cast<std::uint32_t>(label_count);
  if (features.stored)
    return stored_dataset(*features.stored, features_in_all, labels, labels_in_all, spill, file.files().front());
  return dataset_in_memory(features, features_in_all, labels, labels_in_all);
}

}  // namespace

Result<RecordRows> fit_record_rows(const RecordFiles& file, const RecordColumns& columns, const SpillPlace& place) {
  RowSpill spill(place, 2 * file.blocks(), file.name());
  LabelRows labels(file.blocks(), spill, file.blocks());
  RecordRows rows{Dataset(Dataset::Arrays{})};
  std::vector<RecordBlock> kept;
  {
    LabelReading reading(file, columns, labels);
    if (auto done = reading.run(std::min(kMostKept, place.bytes_in_memory()), kept); !done) return done.error();
    rows.label_names = reading.take_names();
  }
  rows.labels = labels.labels();
  Reading reading(file, columns, true, nullptr, std::move(kept));
  auto fitted = fit_pipeline(
      columns.features, file.blocks(), [&](std::size_t block, RecordSink& sink) { return reading(block, sink); },
      rows.label_names, &spill);
  if (!fitted) return fitted.error();
  auto data = dataset_of(fitted->rows, fitted->names.size(), labels, rows.label_names.size(), spill, file);
  if (!data) return data.error();
  rows.data = std::move(*data);
  if (columns.label_separator.empty())
    rows.separated = static_cast<std::uint64_t>(
        std::ranges::count_if(rows.label_names, [](const std::string& name) { return name.find(',') != std::string::npos; }));
  rows.feature_names = std::move(fitted->names);
  rows.fitted = std::move(fitted->options);
  rows.different = fitted->different;
  rows.words = fitted->rows.words;
  rows.replaced = reading.replaced();
  rows.spilled = spill.bytes();
  return rows;
}

Result<RecordRows> known_record_rows(const RecordFiles& file, const RecordColumns& columns, const Pipeline& pipeline,
                                     const std::vector<std::string>& label_names, const SpillPlace& place) {
  RowSpill spill(place, 2 * file.blocks(), file.name());
  KnownLabels labels{{}, {file.blocks(), spill, file.blocks()}};
  for (const std::string& name : label_names) labels.names.add(name);
  Reading reading(file, columns, false, &labels);
  auto made = apply_pipeline(
      pipeline, file.blocks(), [&](std::size_t block, RecordSink& sink) { return reading(block, sink); }, &spill);
  if (!made) return made.error();
  RecordRows rows{Dataset(Dataset::Arrays{})};
  auto data = dataset_of(*made, pipeline.features(), labels.rows, label_names.size() + labels.rows.most_unknown(), spill, file);
  if (!data) return data.error();
  rows.data = std::move(*data);
  rows.labels = labels.rows.labels();
  rows.unknown_labels = labels.rows.unknown();
  rows.words = made->words;
  rows.unknown_words = made->unknown;
  rows.replaced = reading.replaced();
  rows.no_numbers = reading.no_numbers();
  rows.first_no_number = reading.first_no_number();
  rows.spilled = spill.bytes();
  return rows;
}

std::string find_label_separator(const RecordFiles& file, const RecordColumns& columns) {
  RecordBlock block;
  if (file.blocks() == 0 || columns.labels.empty()) return "";
  file.read(0, block);
  std::size_t texts = 0, semicolons = 0, bars = 0;
  for (std::size_t record = 0; record < block.size(); ++record) {
    const auto field = block.field(record, columns.features.columns.size());
    if (field.size() > 1) return "";  // a list already
    for (const std::string_view text : field) {
      ++texts;
      semicolons += text.find(';') != std::string_view::npos ? 1 : 0;
      bars += text.find('|') != std::string_view::npos ? 1 : 0;
    }
  }
  const std::size_t most = std::max(semicolons, bars);
  if (most == 0 || 10 * most < texts) return "";
  return semicolons >= bars ? ";" : "|";
}

}  // namespace glissade::datasets
