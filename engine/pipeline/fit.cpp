#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <optional>

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_sort.h>

#include <glissade/pipeline.h>

#include "engine/pipeline/name_table.h"
#include "engine/pipeline/record_features.h"
#include "engine/pipeline/row_blocks.h"
#include "engine/pipeline/run_filter.h"
#include "engine/pipeline/word_batch.h"

namespace glissade {
namespace {

constexpr std::uint32_t kNone = hashing::WordTable::kNone;

/// What one thread has met, over all its blocks.
struct Words {
  struct Met {
    std::uint32_t rows = 0;  ///< that have the word
    std::uint32_t row = 0;   ///< the last of them, counted from 1 over all blocks
    std::uint32_t at = 0;    ///< where it has the word, among the entries of its block
  };
  NameTable table;
  std::vector<Met> met;               ///< of each word
  std::uint32_t rows = 0;             ///< so far
  std::size_t entries = 0;            ///< of the last block: the next will have about as many
  std::vector<std::uint32_t> number;  ///< of the word as a feature, at the end
};

/// What is known of a block beside its rows, whose ids are numbers of the thread that made them.
struct Block {
  Words* words = nullptr;
  std::vector<Moments> moments;
  std::uint64_t found = 0;  ///< words and categories
};

class BlockSink final : public RecordSink, FeatureTaker {
 public:
  BlockSink(const PipelineOptions& options, const RunFilter* runs, Words& words, Block& block)
      : cutter_(options, runs), runs_(runs), words_(words), block_(block) {
    block.words = &words;
    rows_.ids.reserve(words.entries);
    rows_.values.reserve(words.entries);
    block.moments.resize(options.columns.size());
  }
  std::int32_t add(Record record) override {
    row_.clear();
    batch_.clear();
    run_words_.clear();
    asked_.clear();
    const std::int32_t no_number = cutter_.cut(record, *this);
    add_runs();
    words_.table.add(batch_.words(), row_);
    words_.met.resize(words_.table.size());
    for (const std::uint32_t word : row_) __builtin_prefetch(&words_.met[word], 1);
    ++words_.rows;
    for (const std::uint32_t word : row_) {
      Words::Met& met = words_.met[word];
      if (met.row == words_.rows) {
        rows_.values[met.at] += 1;
        continue;
      }
      met = {met.rows + 1, words_.rows, static_cast<std::uint32_t>(rows_.ids.size())};
      rows_.ids.push_back(word);
      rows_.values.push_back(1);
    }
    block_.found += batch_.whole();
    rows_.ends.push_back(static_cast<std::uint32_t>(rows_.ids.size()));
    return no_number;
  }
  RowBlock take_rows() {
    words_.entries = rows_.ids.size() + rows_.ids.size() / 16;
    return std::move(rows_);
  }

 private:
  void take(const hashing::HashedWord& word, bool part) override { batch_.add(word, part); }
  void take_run(const hashing::HashedWord& word, const hashing::HashedWord& run) override {
    run_words_.push_back(word);
    asked_.push_back(run);
  }
  /// Those of the runs that the filter has: looked up together.
  void add_runs() {
    if (asked_.empty()) return;
    found_.resize(asked_.size());
    runs_->find(asked_, found_.data());
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      if (found_[i] != kNone) batch_.add(run_words_[i], true);
    }
  }
  void take_number(std::size_t column, double value) override {
    block_.moments[column].add(value);
    rows_.numbers.push_back({static_cast<std::uint32_t>(rows_.ends.size()), static_cast<std::uint32_t>(column), value});
  }

  RecordFeatures cutter_;
  const RunFilter* runs_;
  Words& words_;
  Block& block_;
  RowBlock rows_;
  WordBatch batch_;
  std::vector<hashing::HashedWord> run_words_, asked_;  ///< runs that may be parts, with and without their column
  std::vector<std::uint32_t> found_;
  std::vector<std::uint32_t> row_;
};

/// Calls `work(block)` for each, in parallel; the error of the first block that has one.
Result<void> each_block(std::size_t blocks, const std::function<Result<void>(std::size_t)>& work) {
  std::mutex mutex;
  std::optional<Error> error;
  std::atomic<std::size_t> failed{blocks};
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, blocks, 1), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t block = range.begin(); block < range.end(); ++block) {
      if (block > failed.load(std::memory_order_relaxed)) return;
      auto done = work(block);
      if (done) continue;
      const std::scoped_lock lock(mutex);
      if (block > failed) continue;
      failed = block;
      error = done.error();
    }
  });
  if (error) return *error;
  return {};
}

class Fit {
 public:
  Fit(const PipelineOptions& options, std::size_t blocks, std::span<const std::string> phrases, RowStore* store);
  Result<FittedPipeline> run(const RecordBlocks& read);

 private:
  void learn_numbers();
  void choose_words();
  Result<void> number_words();
  RowBlock numbered(const RowBlock& rows, const Words* words) const;

  FittedPipeline fitted_;
  RunFilter runs_;  ///< of the phrases
  std::vector<Block> blocks_;
  std::shared_ptr<RowBlocks> rows_;
  tbb::enumerable_thread_specific<Words> words_;
  std::vector<std::uint32_t> number_features_;  ///< of each column
};

/// Takes the runs of words of phrases.
class PhraseTaker final : public WordTaker {
 public:
  explicit PhraseTaker(RunFilter& runs) : runs_(runs) {}
  void take(const hashing::HashedWord& word, bool part) override {
    if (part) runs_.add(word.text);
  }

 private:
  RunFilter& runs_;
};

/// Runs of words of the phrases: of "domestic cat, house cat (n)" these are "domestic cat" and "house cat".
void add_phrases(std::span<const std::string> phrases, const PipelineOptions& options, RunFilter& runs) {
  PipelineOptions cut;
  cut.stemmer = options.stemmer;
  cut.word_ngrams = RunFilter::kLongest;
  WordCutter cutter(cut);
  PhraseTaker taker(runs);
  for (const std::string& phrase : phrases) {
    cutter.begin();
    cutter.cut(phrase, "", taker);
  }
  runs.finish();
}

Fit::Fit(const PipelineOptions& options, std::size_t blocks, std::span<const std::string> phrases, RowStore* store)
    : blocks_(blocks), rows_(std::make_shared<RowBlocks>(blocks, store)) {
  fitted_.options = options;
  add_phrases(phrases, options, runs_);
  fitted_.options.name_runs = !runs_.empty();
}

/// A column whose numbers are all equal says nothing and stays as it is.
void Fit::learn_numbers() {
  for (std::size_t i = 0; i < fitted_.options.columns.size(); ++i) {
    PipelineColumn& column = fitted_.options.columns[i];
    number_features_.push_back(kNone);
    Moments all;
    for (const Block& block : blocks_) all.add(block.moments[i]);
    if (column.kind != ColumnKind::numbers || all.count == 0) continue;
    column.mean = all.mean;
    const double deviation = std::sqrt(all.squares / all.count);
    column.deviation = deviation > 0 && std::isfinite(deviation) ? deviation : 1;
    number_features_.back() = static_cast<std::uint32_t>(fitted_.names.size());
    fitted_.names.push_back(number_feature(column));
  }
}

/// The features: numbers first, then words by the rows that have them.
void Fit::choose_words() {
  hashing::WordTable all;
  for (const Words& words : words_) {
    for (std::size_t i = 0; i < words.table.size(); ++i) all.add(words.table.names()[i], words.met[i].rows);
  }
  fitted_.different = all.size();
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (all.counts()[i] >= fitted_.options.min_rows) order.push_back(i);
  }
  tbb::parallel_sort(order, [&](std::uint32_t a, std::uint32_t b) {
    return all.counts()[a] != all.counts()[b] ? all.counts()[a] > all.counts()[b] : all.words()[a] < all.words()[b];
  });
  if (order.size() > fitted_.options.max_features) order.resize(fitted_.options.max_features);
  std::vector<std::uint32_t> feature(all.size(), kNone);
  for (const std::uint32_t word : order) {
    feature[word] = static_cast<std::uint32_t>(fitted_.names.size());
    fitted_.names.emplace_back(all.words()[word]);
  }
  for (Words& words : words_) {
    words.number.resize(words.table.size());
    for (std::size_t i = 0; i < words.table.size(); ++i) words.number[i] = feature[all.find(words.table.names()[i])];
  }
}

/// Local numbers become features; a row's ids ascend.
RowBlock Fit::numbered(const RowBlock& rows, const Words* words) const {
  RowBlock made;
  made.ids.reserve(rows.ids.size() + rows.numbers.size());
  made.values.reserve(made.ids.capacity());
  made.ends.reserve(rows.ends.size());
  std::vector<std::pair<std::uint32_t, float>> row;
  std::size_t number = 0;
  for (std::uint32_t r = 0, begin = 0; r < rows.ends.size(); begin = rows.ends[r++]) {
    row.clear();
    for (; number < rows.numbers.size() && rows.numbers[number].row == r; ++number) {
      const PipelineColumn& column = fitted_.options.columns[rows.numbers[number].column];
      const std::uint32_t id = number_features_[rows.numbers[number].column];
      const auto value = static_cast<float>((rows.numbers[number].value - column.mean) / column.deviation);
      if (!row.empty() && row.back().first == id) {
        row.back().second += value;
      } else {
        row.emplace_back(id, value);
      }
    }
    for (std::uint32_t i = begin; i < rows.ends[r]; ++i) __builtin_prefetch(&words->number[rows.ids[i]]);
    for (std::uint32_t i = begin; i < rows.ends[r]; ++i) {
      const std::uint32_t id = words->number[rows.ids[i]];
      if (id != kNone) row.emplace_back(id, rows.values[i]);
    }
    std::ranges::sort(row);
    for (const auto& [id, value] : row) {
      made.ids.push_back(id);
      made.values.push_back(value);
    }
    made.ends.push_back(static_cast<std::uint32_t>(made.ids.size()));
  }
  return made;
}

Result<void> Fit::number_words() {
  return each_block(blocks_.size(), [&](std::size_t block) -> Result<void> {
    const auto rows = rows_->take(block);
    if (!rows) return rows.error();
    return rows_->put(block, numbered(*rows, blocks_[block].words));
  });
}

/// The rows as a caller takes them.
void give(std::shared_ptr<RowBlocks> blocks, PipelineRows& rows) {
  if (blocks->any_stored()) {
    rows.stored = std::move(blocks);
  } else {
    std::move(*blocks).join(rows);
  }
}

Result<FittedPipeline> Fit::run(const RecordBlocks& read) {
  auto done = each_block(blocks_.size(), [&](std::size_t block) {
    BlockSink sink(fitted_.options, runs_.empty() ? nullptr : &runs_, words_.local(), blocks_[block]);
    if (auto done = read(block, sink); !done) return done;
    return rows_->put(block, sink.take_rows());
  });
  if (!done) return done.error();
  learn_numbers();
  choose_words();
  if (auto numbered = number_words(); !numbered) return numbered.error();
  words_.clear();
  for (const Block& block : blocks_) fitted_.rows.words += block.found;
  give(std::move(rows_), fitted_.rows);
  return std::move(fitted_);
}

/// Rows of a pipeline that is known.
class KnownSink final : public RecordSink {
 public:
  KnownSink(const Pipeline& pipeline, Pipeline::Workspace& workspace) : pipeline_(pipeline), workspace_(workspace) {}
  std::int32_t add(Record record) override {
    const PipelineRow row = pipeline_.row(record, workspace_);
    rows_.ids.insert(rows_.ids.end(), row.ids.begin(), row.ids.end());
    rows_.values.insert(rows_.values.end(), row.values.begin(), row.values.end());
    rows_.ends.push_back(static_cast<std::uint32_t>(rows_.ids.size()));
    words_ += row.words;
    unknown_ += row.unknown;
    return row.no_number;
  }
  RowBlock take_rows() { return std::move(rows_); }
  std::uint64_t words() const noexcept { return words_; }
  std::uint64_t unknown() const noexcept { return unknown_; }

 private:
  const Pipeline& pipeline_;
  Pipeline::Workspace& workspace_;
  RowBlock rows_;
  std::uint64_t words_ = 0, unknown_ = 0;
};

}  // namespace

Result<FittedPipeline> fit_pipeline(const PipelineOptions& options, std::size_t blocks, const RecordBlocks& read,
                                    std::span<const std::string> phrases, RowStore* store) {
  if (auto ok = validate(options); !ok) return ok.error();
  return Fit(options, blocks, phrases, store).run(read);
}

Result<PipelineRows> apply_pipeline(const Pipeline& pipeline, std::size_t blocks, const RecordBlocks& read, RowStore* store) {
  auto made = std::make_shared<RowBlocks>(blocks, store);
  std::atomic<std::uint64_t> words = 0, unknown = 0;
  tbb::enumerable_thread_specific<Pipeline::Workspace> workspaces;
  auto done = each_block(blocks, [&](std::size_t block) {
    KnownSink sink(pipeline, workspaces.local());
    if (auto done = read(block, sink); !done) return done;
    words += sink.words();
    unknown += sink.unknown();
    return made->put(block, sink.take_rows());
  });
  if (!done) return done.error();
  PipelineRows rows;
  rows.words = words;
  rows.unknown = unknown;
  give(std::move(made), rows);
  return rows;
}

}  // namespace glissade
