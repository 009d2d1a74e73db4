#include <glissade/pipeline.h>

#include <algorithm>
#include <utility>

#include "engine/pipeline/notes.h"
#include "engine/pipeline/record_features.h"
#include "engine/pipeline/run_filter.h"
#include "engine/pipeline/word_batch.h"
#include "hashing/word_table.h"

namespace glissade {

namespace {

/// The features that are runs of words; a column before one is none of its words.
void add_runs(std::span<const std::string> names, const PipelineOptions& options, RunFilter& runs) {
  for (const std::string& name : names) {
    if (name.find(' ') == std::string::npos || name.find('=') != std::string::npos || name.starts_with('~')) continue;
    runs.add(options.columns_apart ? std::string_view(name).substr(name.rfind(':') + 1) : name);
  }
  runs.finish();
}

}  // namespace

struct Pipeline::Impl {
  PipelineOptions options;
  hashing::WordTable features;
  RunFilter runs;                      ///< that are features, where not all runs are taken
  std::vector<std::uint32_t> numbers;  ///< the feature of each column; kNone: of no column of numbers, or never seen
};

struct Pipeline::Workspace::Impl final : FeatureTaker {
  void take(const hashing::HashedWord& word, bool part) override { batch.add(word, part); }
  void take_number(std::size_t column, double value) override {
    const std::uint32_t id = pipeline->numbers[column];
    if (id == hashing::WordTable::kNone) return;
    const PipelineColumn& learned = pipeline->options.columns[column];
    numbers.emplace_back(id, static_cast<float>((value - learned.mean) / learned.deviation));
  }
  void begin(const Pipeline::Impl& of);
  void finish();

  const Pipeline::Impl* pipeline = nullptr;
  std::unique_ptr<RecordFeatures> cutter;
  WordBatch batch;
  std::vector<std::uint32_t> ids;
  std::vector<std::pair<std::uint32_t, float>> numbers;
  std::vector<std::uint32_t> row_ids;
  std::vector<float> row_values;
  std::uint32_t words = 0, unknown = 0;
  std::vector<std::string_view> unknown_words;
};

void Pipeline::Workspace::Impl::begin(const Pipeline::Impl& of) {
  if (pipeline != &of) {
    pipeline = &of;
    cutter = std::make_unique<RecordFeatures>(of.options, of.runs.empty() ? nullptr : &of.runs);
  }
  batch.clear();
  numbers.clear();
  row_ids.clear();
  row_values.clear();
}

/// Counts equal ids; a column of numbers with several has their sum.
void Pipeline::Workspace::Impl::finish() {
  const auto found = batch.words();
  ids.resize(found.size());
  pipeline->features.find(found, ids.data());
  words = static_cast<std::uint32_t>(batch.whole());
  auto part = batch.parts().begin();  // they ascend
  unknown_words.clear();
  for (std::uint32_t i = 0; i < ids.size(); ++i) {
    const bool is_part = part != batch.parts().end() && *part == i;
    if (is_part) ++part;
    if (!is_part && ids[i] == hashing::WordTable::kNone) unknown_words.push_back(found[i].text);
  }
  unknown = static_cast<std::uint32_t>(unknown_words.size());
  std::ranges::sort(ids);
  while (!ids.empty() && ids.back() == hashing::WordTable::kNone) ids.pop_back();
  std::ranges::sort(numbers);
  std::size_t number = 0;
  const auto add = [this](std::uint32_t id, float value) {
    if (!row_ids.empty() && row_ids.back() == id) {
      row_values.back() += value;
      return;
    }
    row_ids.push_back(id);
    row_values.push_back(value);
  };
  for (const std::uint32_t id : ids) {
    for (; number < numbers.size() && numbers[number].first < id; ++number) add(numbers[number].first, numbers[number].second);
    add(id, 1);
  }
  for (; number < numbers.size(); ++number) add(numbers[number].first, numbers[number].second);
}

Pipeline::Workspace::Workspace() : impl_(std::make_unique<Impl>()) {}
Pipeline::Workspace::Workspace(Workspace&&) noexcept = default;
Pipeline::Workspace& Pipeline::Workspace::operator=(Workspace&&) noexcept = default;
Pipeline::Workspace::~Workspace() = default;

Pipeline::Pipeline(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;
Pipeline::~Pipeline() = default;

bool Pipeline::is_pipeline(std::string_view notes) noexcept { return notes.starts_with(kPipelineMark); }

Result<Pipeline> Pipeline::make(PipelineOptions options, std::span<const std::string> names) {
  if (auto ok = validate(options); !ok) return ok.error();
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  for (const std::string& name : names) impl->features.add(name);
  if (impl->options.name_runs) add_runs(names, impl->options, impl->runs);
  for (const PipelineColumn& column : impl->options.columns) {
    const bool numbers = column.kind == ColumnKind::numbers;
    impl->numbers.push_back(numbers ? impl->features.find(number_feature(column)) : hashing::WordTable::kNone);
  }
  return Pipeline(std::move(impl));
}

Result<Pipeline> Pipeline::read(std::string_view notes, std::span<const std::string> names) {
  auto options = read_pipeline_notes(notes);
  if (!options) return options.error();
  return make(std::move(*options), names);
}

const PipelineOptions& Pipeline::options() const noexcept { return impl_->options; }
std::size_t Pipeline::features() const noexcept { return impl_->features.size(); }
std::string Pipeline::notes() const { return pipeline_notes(impl_->options); }

PipelineRow Pipeline::row(Record record, Workspace& workspace) const {
  Workspace::Impl& work = *workspace.impl_;
  work.begin(*impl_);
  const std::int32_t no_number = work.cutter->cut(record, work);
  work.finish();
  return {work.row_ids, work.row_values, work.words, work.unknown, no_number};
}

std::span<const std::string_view> Pipeline::unknown_words(const Workspace& workspace) noexcept {
  return workspace.impl_->unknown_words;
}

}  // namespace glissade
