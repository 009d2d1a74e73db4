#include "datasets/record_rows.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include "datasets/message.h"
#include "hashing/word_table.h"

namespace glissade::datasets {
namespace {

using hashing::WordTable;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

/// The labels of one block, numbered as they come.
class BlockLabels {
 public:
  void add(std::span<const std::string_view> texts, std::string_view separator) {
    const std::size_t begin = ids_.size();
    for (std::string_view text : texts) {
      while (!separator.empty()) {
        const std::size_t end = text.find(separator);
        if (end == std::string_view::npos) break;
        take(text.substr(0, end), begin);
        text.remove_prefix(end + separator.size());
      }
      take(text, begin);
    }
    ends_.push_back(ids_.size());
  }

  const std::vector<std::string_view>& names() const noexcept { return table_.words(); }
  const std::vector<std::uint32_t>& ids() const noexcept { return ids_; }
  const std::vector<std::size_t>& ends() const noexcept { return ends_; }

 private:
  void take(std::string_view text, std::size_t begin) {
    const std::string_view name = trimmed(text);
    if (name.empty()) return;
    std::uint32_t id = table_.find(name);
    if (id == WordTable::kNone) id = table_.add(names_.emplace_back(name));
    const auto row = std::span(ids_).subspan(begin);
    if (std::ranges::find(row, id) == row.end()) ids_.push_back(id);
  }

  std::deque<std::string> names_;  // stay where they are
  WordTable table_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::size_t> ends_;
};

/// The labels of all blocks.
using Labels = std::vector<BlockLabels>;

/// Gives the records of blocks to a pipeline.
class Reading {
 public:
  /// `labels`: takes the labels of each block, unless they are known. `kept`: blocks that were read, if any.
  Reading(const RecordFiles& file, const RecordColumns& columns, bool strict, Labels* labels, std::vector<RecordBlock> kept = {})
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
    for (std::size_t record = 0; record < block.size(); ++record) {
      if (labels_ != nullptr) (*labels_)[number].add(block.field(record, columns), columns_.label_separator);
      const std::int32_t no_number = sink.add(block.record(record).first(columns));
      if (no_number >= 0) {
        const auto column = static_cast<std::size_t>(no_number);
        auto told = tell_no_number(number, block, record, column);
        if (!told) return told;
      }
    }
    return {};
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
  Labels* labels_;
  std::vector<RecordBlock> kept_;
  std::atomic<std::uint64_t> replaced_ = 0;
  std::mutex mutex_;
  std::uint64_t no_numbers_ = 0;
  std::pair<std::size_t, std::size_t> first_place_;
  std::string first_;
};

/// Files of more text are read twice: their records would take about as much memory as the text.
constexpr std::uint64_t kMostKept = std::uint64_t{512} << 20;

/// The labels of all blocks, which must be known before features are made. Blocks that were read go to `kept` if there is room.
Result<Labels> read_labels(const RecordFiles& file, const RecordColumns& columns, std::vector<RecordBlock>& kept) {
  Labels labels(file.blocks());
  std::vector<std::string> problems(file.blocks());
  if (file.text_bytes() <= kMostKept) kept.resize(file.blocks());
  tbb::parallel_for(std::size_t{0}, file.blocks(), [&](std::size_t number) {
    RecordBlock own;
    RecordBlock& block = kept.empty() ? own : kept[number];
    file.read(number, block);
    if (!block.problems().empty()) problems[number] = block.problems().front().message;
    for (std::size_t record = 0; record < block.size(); ++record)
      labels[number].add(block.field(record, columns.features.columns.size()), columns.label_separator);
  });
  for (const std::string& problem : problems) {
    if (!problem.empty()) return runtime_error(problem);
  }
  return labels;
}

/// Numbers for the labels of all blocks, in their order: those that `known` has, then others.
void number_labels(const Labels& labels, WordTable& known, Dataset::Arrays& arrays, RecordRows& rows, bool grows) {
  const auto first_unknown = static_cast<std::uint32_t>(known.size());
  arrays.label_offsets.assign(1, 0);
  std::vector<std::uint32_t> row;
  for (const BlockLabels& block : labels) {
    std::vector<std::uint32_t> numbers;
    for (const std::string_view name : block.names()) numbers.push_back(grows ? known.add(name) : known.find(name));
    std::size_t begin = 0;
    for (const std::size_t end : block.ends()) {
      row.clear();
      std::uint32_t unknown = 0;
      for (; begin < end; ++begin) {
        const std::uint32_t number = numbers[block.ids()[begin]];
        row.push_back(number != WordTable::kNone ? number : first_unknown + unknown++);
      }
      rows.labels += row.size();
      rows.unknown_labels += unknown;
      if (unknown > 0) arrays.label_count = std::max(arrays.label_count, first_unknown + unknown);
      std::ranges::sort(row);
      arrays.label_ids.insert(arrays.label_ids.end(), row.begin(), row.end());
      arrays.label_offsets.push_back(arrays.label_ids.size());
    }
  }
  arrays.label_count = std::max(arrays.label_count, static_cast<std::uint32_t>(known.size()));
}

void take_features(PipelineRows& rows, std::size_t features, Dataset::Arrays& arrays) {
  arrays.feature_count = static_cast<std::uint32_t>(features);
  arrays.feature_offsets = std::move(rows.offsets);
  arrays.feature_ids = std::move(rows.ids);
  arrays.feature_values = std::move(rows.values);
}

}  // namespace

Result<RecordRows> fit_record_rows(const RecordFiles& file, const RecordColumns& columns) {
  std::vector<RecordBlock> kept;
  auto labels = read_labels(file, columns, kept);
  if (!labels) return labels.error();
  RecordRows rows{Dataset(Dataset::Arrays{})};
  Dataset::Arrays arrays;
  WordTable names;
  number_labels(*labels, names, arrays, rows, true);
  rows.label_names.assign(names.words().begin(), names.words().end());
  names = WordTable();  // its words stand in the blocks' labels
  labels->clear();
  labels->shrink_to_fit();
  Reading reading(file, columns, true, nullptr, std::move(kept));
  auto fitted = fit_pipeline(
      columns.features, file.blocks(), [&](std::size_t block, RecordSink& sink) { return reading(block, sink); },
      rows.label_names);
  if (!fitted) return fitted.error();
  take_features(fitted->rows, fitted->names.size(), arrays);
  if (columns.label_separator.empty())
    rows.separated = static_cast<std::uint64_t>(
        std::ranges::count_if(rows.label_names, [](const std::string& name) { return name.find(',') != std::string::npos; }));
  rows.data = Dataset(std::move(arrays));
  rows.feature_names = std::move(fitted->names);
  rows.fitted = std::move(fitted->options);
  rows.different = fitted->different;
  rows.words = fitted->rows.words;
  rows.replaced = reading.replaced();
  return rows;
}

Result<RecordRows> known_record_rows(const RecordFiles& file, const RecordColumns& columns, const Pipeline& pipeline,
                                     const std::vector<std::string>& label_names) {
  Labels labels(file.blocks());
  Reading reading(file, columns, false, &labels);
  auto made = apply_pipeline(pipeline, file.blocks(), [&](std::size_t block, RecordSink& sink) { return reading(block, sink); });
  if (!made) return made.error();
  RecordRows rows{Dataset(Dataset::Arrays{})};
  Dataset::Arrays arrays;
  WordTable names;
  for (const std::string& name : label_names) names.add(name);
  number_labels(labels, names, arrays, rows, false);
  take_features(*made, pipeline.features(), arrays);
  rows.data = Dataset(std::move(arrays));
  rows.words = made->words;
  rows.unknown_words = made->unknown;
  rows.replaced = reading.replaced();
  rows.no_numbers = reading.no_numbers();
  rows.first_no_number = reading.first_no_number();
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
