#include "apps/evaluation/scored_rows.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <glissade/pipeline.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/data_notes.h"
#include "apps/input/record_rows.h"
#include "apps/training/text_data.h"
#include "apps/words/vocabulary.h"
#include "datasets/message.h"
#include "datasets/next_item_rows.h"
#include "datasets/sequences.h"
#include "datasets/set_rows.h"

namespace glissade::apps {
namespace {

template <class Rows>
ScoredRows kept(RowKind kind, Rows rows) {
  const auto owner = std::make_shared<const Rows>(std::move(rows));
  return {kind, owner->view(), owner, {}, {}};
}

/// Sequences of which the last items are asked for, and what is before these.
struct NextItems {
  datasets::Dataset data;
  datasets::SeenItems seen;
  DatasetView view() const { return data.view(); }
};

/// Next items that cannot be answered because they are among those before them.
void tell_seen(const Model& model, const NextItems& rows, bool excludes, const std::string& path) {
  if (!excludes && !never_answers_seen(model)) return;
  const DatasetView view = rows.view();
  const SparseRows seen = rows.seen.view();
  std::size_t again = 0;
  for (std::size_t i = 0; i < view.size(); ++i) {
    const auto before = excludes ? seen.row_ids(i) : view.features.row_ids(i);
    again += std::ranges::find(before, view.labels.row_ids(i).front()) != before.end() ? 1 : 0;
  }
  if (again == 0) return;
  note(fmt::format("{}: {} of {} next items are among those before them and are no answers; {}", datasets::quoted(path),
                   grouped(again), grouped(view.size()),
                   never_answers_seen(model) ? "train with --exclude-input off to have them answered"
                                             : "--exclude-seen off has them answered"));
}

/// The last item of each sequence, or number --holdout-last from its end; of sets without that option a part of each.
Result<NextItems> asked_of(const datasets::Sequences& sequences, const datasets::HistoryRules& rules,
                           const SequenceOptions& options, const std::string& path) {
  const auto tell_short = [&](std::uint64_t lines) {
    if (lines > 0)
      note(fmt::format("{}: {} of {} sequences are too short to be scored", datasets::quoted(path), grouped(lines),
                       grouped(sequences.size())));
  };
  if (!rules.ordered && !options.names_held_back()) {
    auto rows = datasets::questions_of_sets(sequences, rules, path);
    if (!rows) return rows.error();
    tell_short(rows->short_lines);
    auto seen = datasets::seen_in(*rows, static_cast<std::uint32_t>(sequences.names.size()));
    return NextItems{std::move(rows->data), std::move(seen)};
  }
  auto rows = datasets::last_rows(sequences, rules, options.held_back, path);
  if (!rows) return rows.error();
  tell_short(rows->short_lines);
  return NextItems{std::move(rows->data), datasets::seen_before(sequences, options.held_back)};
}

/// How well each sequence tells its last item, or each set a part of it.
Result<ScoredRows> sequence_rows(const Model& model, const std::string& model_path, const std::string& path,
                                 const DataOptions& data, const SequenceOptions& options, const RecordOptions& records) {
  auto notes = SequenceNotes::of(model);
  if (!notes)
    return runtime_error(fmt::format("--format sequence: {} was not trained on sequences; leave it out, or train it on some",
                                     datasets::quoted(model_path)));
  const auto key = options.key(notes);
  if (!key) return key.error();
  notes->keyed = *key == datasets::LineKey::on;
  if (notes->events) {
    const auto separator = records.separator();
    if (!separator) return separator.error();
    if (!separator->empty()) notes->events->separator = *separator;
  }
  const auto table = options.item_table(model, model_path, reads_events(data, notes));
  if (!table) return table.error();
  const auto sequences = read_known_items(path, "test data", model.label_names(), *notes, data, *table ? &**table : nullptr);
  if (!sequences) return sequences.error();
  const auto excludes = options.excludes_seen(model, model_path);
  if (!excludes) return excludes.error();
  auto rows = asked_of(*sequences, notes->rules, options, path);
  if (!rows) return rows.error();
  NextItems next = std::move(*rows);
  tell_seen(model, next, *excludes, path);
  const auto owner = std::make_shared<const NextItems>(std::move(next));
  return ScoredRows{RowKind::sequences, owner->view(), owner, {}, *excludes ? owner->seen.view() : SparseRows{}};
}

/// Of a running text: how well words predict those around them.
Result<ScoredRows> context_rows(const Model& model, const std::string& model_path, const std::string& path) {
  if (!holds_vocabulary(model))
    return runtime_error(
        fmt::format("{} holds no words; train one on a running text, with --preset text8", datasets::quoted(model_path)));
  const Subwords subwords(model.label_names(), model.config().words.min_ngram, model.config().words.max_ngram);
  auto samples = read_context_samples(path, model.label_names(), subwords, model.config().words.window);
  if (!samples) return samples.error();
  if (auto ok = check_scorable(samples->view(), path); !ok) return ok.error();
  return kept(RowKind::contexts, std::move(*samples));
}

Result<ScoredRows> record_rows(const Model& model, const std::string& model_path, const std::string& path,
                               const DataOptions& data, const RecordOptions& options) {
  const auto notes = RecordNotes::of(model);
  if (!notes) return notes.error();
  if (!*notes)
    return usage_error(fmt::format("--format {}: {} was not trained on records; leave it out, or train one on some",
                                   data.format(), datasets::quoted(model_path)));
  const auto pipeline = Pipeline::make((*notes)->columns.features, model.feature_names());
  if (!pipeline) return pipeline.error();
  auto rows = read_known_records(path, "test data", options, data, **notes, *pipeline, model.label_names());
  if (!rows) return rows.error();
  if (auto ok = check_scorable(rows->data.view(), path); !ok) return ok.error();
  return kept(RowKind::records, std::move(rows->data));
}

}  // namespace

RowKind row_kind(const Model& model, const DataOptions& data) {
  if (reads_sequences(data, SequenceNotes::of(model))) return RowKind::sequences;
  if (is_record_format(data.format()) || (data.format().empty() && Pipeline::is_pipeline(model.data_notes())))
    return RowKind::records;
  return data.is_text(holds_vocabulary(model)) ? RowKind::contexts : RowKind::labels;
}

Result<ScoredRows> read_scored_rows(const Model& model, const std::string& model_path, const std::string& path,
                                    const DataOptions& data, const SequenceOptions& sequence, const RecordOptions& records) {
  const RowKind kind = row_kind(model, data);
  if (kind == RowKind::sequences) return sequence_rows(model, model_path, path, data, sequence, records);
  if (kind == RowKind::contexts) return context_rows(model, model_path, path);
  if (kind == RowKind::records) return record_rows(model, model_path, path, data, records);
  auto read = data.read(path, "test data", known_base(model, model_path));
  if (!read) return read.error();
  if (auto ok = check_scorable(read->view(), path); !ok) return ok.error();
  auto known = data.fit(std::move(*read), path, model.shape().features, model.shape().labels);
  if (!known) return known.error();
  return kept(RowKind::labels, std::move(*known));
}

}  // namespace glissade::apps
