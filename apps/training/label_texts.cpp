#include "apps/training/label_texts.h"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <glissade/pipeline.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/content_hash.h"
#include "datasets/message.h"
#include "datasets/records/record_files.h"

namespace glissade::apps {
namespace {

using datasets::RecordFormat;
using Texts = std::vector<std::vector<std::string>>;  ///< of each label

struct FoundTexts {
  Texts texts;
  std::uint64_t described = 0;  ///< labels with a text
  std::uint64_t unknown = 0;    ///< texts of labels that are not there
};

Result<datasets::RecordFiles> open_texts(const std::string& path) {
  if (path == "-") return usage_error("--label-text: the file is looked at before it is read, which '-' cannot be; give a file");
  const auto seen = datasets::RecordFiles::open(path, {});
  if (!seen) return seen.error();
  const auto& columns = seen->columns();
  const auto has = [&](std::string_view name) { return std::ranges::find(columns, name) != columns.end(); };
  datasets::RecordOptions reading;
  const bool table = seen->format() == RecordFormat::csv || seen->format() == RecordFormat::tsv;
  if (seen->format() == RecordFormat::fasttext) {
    reading.columns = {"labels", "text"};
  } else if (has("label") && has("text")) {
    reading.columns = {"label", "text"};
  } else if (table && columns.size() > 1) {
    reading.columns = {"1", "2"};
    reading.header = false;
  } else {
    return usage_error(fmt::format("--label-text: {} is {} with the columns {}; it needs the columns label and text",
                                   datasets::quoted(path), seen->format_text(), fmt::join(columns, ", ")));
  }
  return datasets::RecordFiles::open(path, reading);
}

/// Labels by name, or by id where they have none.
class LabelsByName {
 public:
  LabelsByName(std::span<const std::string> names, std::size_t labels) {
    if (names.empty()) {
      for (std::size_t i = 0; i < labels; ++i) ids_.push_back(std::to_string(i));
      names = ids_;
    }
    for (std::size_t i = 0; i < names.size(); ++i) of_.emplace(names[i], i);
  }
  /// Nothing for names that no label has.
  const std::size_t* find(std::string_view name) const {
    const auto found = of_.find(name);
    return found == of_.end() ? nullptr : &found->second;
  }

 private:
  std::vector<std::string> ids_;
  std::unordered_map<std::string_view, std::size_t> of_;
};

Result<FoundTexts> find_texts(const datasets::RecordFiles& file, const LabelsByName& labels, std::size_t count) {
  FoundTexts found;
  found.texts.resize(count);
  datasets::RecordBlock block;
  for (std::size_t number = 0; number < file.blocks(); ++number) {
    file.read(number, block);
    if (!block.problems().empty()) return runtime_error(block.problems().front().message);
    for (std::size_t record = 0; record < block.size(); ++record) {
      for (const std::string_view name : block.field(record, 0)) {
        const std::size_t* const label = labels.find(name);
        found.unknown += label == nullptr ? 1 : 0;
        if (label == nullptr) continue;
        for (const std::string_view text : block.field(record, 1)) found.texts[*label].emplace_back(text);
      }
    }
  }
  found.described =
      static_cast<std::uint64_t>(std::ranges::count_if(found.texts, [](const auto& texts) { return !texts.empty(); }));
  return found;
}

/// As the pipeline makes rows: names and texts stand in the first column of texts, or in each where these have words of their
/// own.
Result<NameFeatures> cut_texts(const Pipeline& pipeline, const Texts& texts) {
  const PipelineOptions& options = pipeline.options();
  if (std::ranges::find(options.columns, ColumnKind::text, &PipelineColumn::kind) == options.columns.end())
    return usage_error("--label-text: the rows have no texts, so words of labels are no features of theirs; leave it out");
  NameFeatures words;
  words.offsets.push_back(0);
  Pipeline::Workspace workspace;
  std::vector<std::string_view> views;
  for (const auto& of_label : texts) {
    views.assign(of_label.begin(), of_label.end());
    std::vector<std::span<const std::string_view>> record(options.columns.size());
    for (std::size_t column = 0, filled = 0; column < record.size(); ++column) {
      if (options.columns[column].kind != ColumnKind::text || (filled > 0 && !options.columns_apart)) continue;
      record[column] = views;
      ++filled;
    }
    const PipelineRow row = pipeline.row(record, workspace);
    words.ids.insert(words.ids.end(), row.ids.begin(), row.ids.end());
    words.values.insert(words.values.end(), row.values.begin(), row.values.end());
    words.offsets.push_back(words.ids.size());
  }
  return words;
}

/// Where features have names and nothing more.
NameFeatures look_up_texts(const Texts& texts, std::span<const std::string> features) {
  std::vector<std::string> joined;
  joined.reserve(texts.size());
  for (const auto& of_label : texts) joined.push_back(fmt::format("{}", fmt::join(of_label, "\n")));
  return name_features(joined, features);
}

std::uint64_t content_of_words(const NameFeatures& words) {
  std::uint64_t sum = datasets::content_hash(words.ids.data(), words.ids.size() * sizeof(std::uint32_t)).low;
  sum ^= datasets::content_hash(words.offsets.data(), words.offsets.size() * sizeof(std::uint64_t)).high;
  return (sum ^ datasets::content_hash(words.values.data(), words.values.size() * sizeof(float)).low) | 1;
}

}  // namespace

Result<LabelTexts> read_label_texts(const std::string& path, const PartNamesView& names, const Shape& shape,
                                    std::string_view notes, bool quiet) {
  if (names.features.empty())
    return usage_error("--label-text needs names of features, to find words of the texts among them; give --feature-names FILE");
  const auto file = open_texts(path);
  if (!file) return file.error();
  auto found = find_texts(*file, LabelsByName(names.labels, shape.labels), shape.labels);
  if (!found) return found.error();
  if (found->described == 0)
    return usage_error(fmt::format("--label-text: no text of {} is of a label of the rows; its first column names labels as {}",
                                   datasets::quoted(path), names.labels.empty() ? "ids from 0" : "the rows do"));
  if (!quiet)
    note(fmt::format("label texts {}: {}, of {} of {} labels{}", datasets::quoted(path), file->format_text(),
                     grouped(found->described), grouped(shape.labels),
                     found->unknown == 0 ? "" : fmt::format("; {} are of labels that no row has", grouped(found->unknown))));
  for (std::size_t label = 0; label < std::min(names.labels.size(), found->texts.size()); ++label)
    found->texts[label].insert(found->texts[label].begin(), names.labels[label]);
  LabelTexts out;
  if (Pipeline::is_pipeline(notes)) {
    const auto pipeline = Pipeline::read(notes, names.features);
    if (!pipeline) return pipeline.error();
    auto words = cut_texts(*pipeline, found->texts);
    if (!words) return words.error();
    out.words = std::move(*words);
  } else {
    out.words = look_up_texts(found->texts, names.features);
  }
  out.content = content_of_words(out.words);
  return out;
}

}  // namespace glissade::apps
