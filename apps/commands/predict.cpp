#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/explain.h>
#include <glissade/model.h>

#include "apps/answers/explained.h"
#include "apps/answers/threshold.h"
#include "apps/commands/command.h"
#include "apps/config/idle_rules.h"
#include "apps/config/number_option.h"
#include "apps/config/search.h"
#include "apps/config/threads.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/input/data_options.h"
#include "apps/input/record_feed.h"
#include "apps/input/record_options.h"
#include "apps/input/row_feed.h"
#include "apps/input/sequence_options.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

constexpr std::array<Choice<bool>, 2> kScores = {{{"probability", true}, {"logit", false}}};

/// One line per sample: "label:score" pairs, best first.
std::string lines(const Predictions& predictions, const std::vector<std::string>* names, const AnswerFilter& filter) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (std::size_t at = 0; at < predictions.labels.size(); ++at) {
    const std::uint32_t label = predictions.labels[at];
    const bool first = at % predictions.k == 0;
    if (first && at > 0) text += '\n';
    if (label == Predictions::kNoLabel || !filter.keeps(at % predictions.k, predictions.scores[at])) continue;
    if (names != nullptr) {
      fmt::format_to(out, "{}{}:{:.6g}", first ? "" : "\t", (*names)[label], predictions.scores[at]);
    } else {
      fmt::format_to(out, "{}{}:{:.6g}", first ? "" : " ", label, predictions.scores[at]);
    }
  }
  if (!predictions.labels.empty()) text += '\n';
  return text;
}

struct Source {
  bool stream = false;    ///< rows are answered as they come
  bool sequence = false;  ///< items one after the other
  bool records = false;   ///< columns of records, or texts
  bool explains = false;  ///< reasons are printed
  bool threshold = false;
};

constexpr std::string_view kSequence = "sequences have no binary copies; it counts for rows with labels";
constexpr bool (*kOfSequence)(const Source&) = [](const Source& source) { return source.sequence && !source.stream; };

constexpr std::string_view kStream = "standard input is answered as it comes and has no binary copy; it counts for files";
constexpr bool (*kOfStream)(const Source&) = [](const Source& source) { return source.stream; };
constexpr std::string_view kRecords = "records have no binary copies; it counts for rows of ids";
constexpr bool (*kOfRecords)(const Source&) = [](const Source& source) { return source.records && !source.stream; };
constexpr bool (*kOfReasons)(const Source&) = [](const Source& source) { return source.explains; };
constexpr std::array kIdle = {
    IdleRule<Source>{"--no-cache", kOfStream, kStream},
    IdleRule<Source>{"--cache-dir", kOfStream, kStream},
    IdleRule<Source>{"--no-cache", kOfSequence, kSequence},
    IdleRule<Source>{"--cache-dir", kOfSequence, kSequence},
    IdleRule<Source>{"--names", [](const Source& source) { return source.sequence; },
                     "the items of sequences are answered by name in any case; it counts for rows with labels"},
    IdleRule<Source>{"--names", [](const Source& source) { return source.records; },
                     "labels of records are answered by name in any case; it counts for rows of ids"},
    IdleRule<Source>{"--no-cache", kOfRecords, kRecords},
    IdleRule<Source>{"--cache-dir", kOfRecords, kRecords},
    IdleRule<Source>{"--names", kOfReasons, "reasons have names wherever the model has; it counts without --explain"},
    IdleRule<Source>{"--scores", kOfReasons, "reasons stand with both, probability and score; it counts without --explain"},
    IdleRule<Source>{"--min-labels", [](const Source& source) { return !source.threshold; }, "it counts only with --threshold"},
    IdleRule<Source>{"--json", [](const Source& source) { return !source.explains; }, "it counts only with --explain"},
};

class Predict : public Command {
 public:
  const char* name() const noexcept override { return "predict"; }
  const char* summary() const noexcept override { return "Print the best labels of each row of a file or of standard input"; }

  void add_options(CLI::App& parser) override {
    parser.add_option(
        "input", input_,
        "Rows: a file in the format that --format names, or - for standard input, one row 'f:v f:v' (or 'l1,l2 f:v f:v', labels "
        "ignored) per line, where a header is not needed; for a model of sequences one sequence per line, and what comes next is "
        "answered. Standard input is answered as it comes.");
    parser.add_option("--model", model_, "Model file.")->type_name("FILE");
    k_option_ = add_number(parser, "--k", k_, {1, 1000}, "Labels per row, 1 to 1000. Default 5; with --threshold 100.");
    k_option_->type_name("N");
    threshold_.add_options(parser);
    parser.add_option("--search", search_, kSearchHelp)->type_name("NAME");
    parser.add_option("--scores", scores_, "What stands behind a label: probability or logit. Default probability.")
        ->type_name("NAME");
    parser.add_flag("--names", names_, "Print the labels' names instead of their ids, with tabs between the pairs.");
    parser.add_flag(
        "--explain", explain_,
        "Print why: for each answer the features that speak for it, the share of each part of the model in its score, "
        "and the training rows with that label that are most like the row.");
    parser.add_flag("--json", json_, "With --explain: print one JSON object per row.");
    parser
        .add_option("--query", queries_,
                    "Instead of an input: one row, such as a text for a model of texts, or a JSON object with its columns; "
                    "'item,item' for a model of sequences; 'f:v f:v' otherwise. As often as one likes.")
        ->type_name("TEXT")
        ->take_all()
        ->allow_extra_args(false);
    threads_.add_options(parser);
    data_.add_options(parser);
    records_.add_options(parser, RecordOptions::For::use);
    sequence_.add_options(parser, SequenceOptions::For::predict);
    parser_ = &parser;
  }

  Result<int> run() override {
    if (model_.empty() || (input_.empty() == queries_.empty()))
      return usage_error("predict needs --model FILE and either an input (a file, or - for standard input) or --query TEXT");
    if (auto ok = check_file_name("--model", model_); !ok) return ok.error();
    const auto search = choose("--search", search_, kSearches);
    if (!search) return search.error();
    const auto probabilities = choose("--scores", scores_, kScores);
    if (!probabilities) return probabilities.error();
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    const auto model = Model::load(model_);
    if (!model) return model.error();
    if (auto ok = check_search(*model, model_, *search); !ok) return ok.error();
    if (auto ok = data_.check(); !ok) return ok.error();
    const auto notes = SequenceNotes::of(*model);
    const bool sequence = reads_sequences(data_, notes);
    const auto records = find_records(*model, notes);
    if (!records) return records.error();
    if (auto ok = sequence_.check(sequence); !ok) return ok.error();
    if (sequence && !notes)
      return runtime_error(fmt::format("--format sequence: {} was not trained on sequences; leave it out, or train it on some",
                                       datasets::quoted(model_)));
    if (names_ && !explain_ && model->label_names().empty()) {
      return usage_error(fmt::format("--names: {} holds no label names; train it with --label-names", datasets::quoted(model_)));
    }
    if (explain_ && *search == Search::tables)
      return usage_error(
          fmt::format("--search {}: rows cannot be explained by tables; use exact, learned or automatic", search_));
    const auto excludes = sequence_.excludes_seen(*model, model_);
    if (!excludes) return excludes.error();
    excludes_seen_ = *excludes;
    warn_of_idle(*parser_,
                 Source{RowInput{input_, queries_}.is_stream(), sequence, records->has_value(), explain_, threshold_.given()},
                 kIdle);
    if (threshold_.given() && k_option_->count() == 0) k_ = ThresholdOptions::kMostLabels;
    const auto filter = threshold_.filter(*model, model_, k_, *probabilities || explain_);
    if (!filter) return filter.error();
    filter_ = *filter;
    const PredictOptions options{k_, *search, *probabilities};
    searched_ = search_name(search_, model->search_for(options));
    if (searched_ == "learned" && search_ != searched_)
      note("search learned: the labels that look best by short codes are scored; --search exact scores all");
    const RowInput input{input_, queries_};
    const auto feed = open(input, *model, notes, *records, sequence);
    if (!feed) return feed.error();
    if (auto done = answer_all(*model, **feed, options, input.path == "-" ? "standard input" : input.name()); !done)
      return done.error();
    tell_end(sequence);
    return 0;
  }

 private:
  /// How records are read, if the model's data are some. A log of events is none of them.
  Result<std::optional<RecordNotes>> find_records(const Model& model, const std::optional<SequenceNotes>& notes) const {
    if (!reads_events(data_, notes)) return reads_records(model, data_, records_);
    if (auto ok = records_.check(false, true); !ok) return ok.error();
    return std::optional<RecordNotes>();
  }

  /// Prints the answers to the rows that come next, without those `excluded`. `source`: where they are from, for messages.
  Result<void> answer(const Model& model, const SparseRows& rows, const SparseRows& excluded, PredictOptions options,
                      std::string_view source) {
    options.first_row = answered_;
    options.excluded = excluded;
    if (explain_) return explain_rows(model, rows, options, source);
    const auto predictions = model.predict(rows, options);
    if (!predictions) {
      const Error& error = predictions.error();
      return error.kind == Error::Kind::usage ? error : runtime_error(fmt::format("{}: {}", source, error.message));
    }
    answered_ += rows.rows();
    fallbacks_ += predictions->fallbacks;
    return put(lines(*predictions, names_ || by_name_ ? &model.label_names() : nullptr, filter_));
  }

  /// Prints why the rows that come next have the answers that they have.
  Result<void> explain_rows(const Model& model, const SparseRows& rows, const PredictOptions& options, std::string_view source) {
    const ExplainedRow printed(model, items_);
    for (std::size_t row = 0; row < rows.rows(); ++row, ++answered_) {
      const SparseRows one{rows.offsets.subspan(row, 2), rows.ids, rows.values};
      ExplainOptions how{.k = k_, .search = options.search, .row_number = answered_};
      if (options.excluded.rows() > 0)
        how.excluded = {options.excluded.offsets.subspan(row, 2), options.excluded.ids, options.excluded.values};
      auto reasons = explain(model, one, how);
      if (!reasons) {
        const Error& error = reasons.error();
        return error.kind == Error::Kind::usage ? error : runtime_error(fmt::format("{}: {}", source, error.message));
      }
      filter_.apply(*reasons);
      shows_rows_ |= std::ranges::any_of(*reasons, [](const LabelReasons& reason) { return !reason.neighbours.empty(); });
      const std::string text = json_ ? printed.json(answered_ + 1, *reasons) : printed.text(answered_ + 1, *reasons);
      if (auto done = put(text); !done) return done;
    }
    return {};
  }

  void tell_end(bool sequence) const {
    if (shows_rows_)
      note(sequence
               ? "training rows are counted from 1: one for each item that has another one before it, in the order of the file"
               : "training rows are counted from 1 in the order of the training file, without those that were held out or left "
                 "out as repeats");
    if (fallbacks_ == 0) return;
    note(fmt::format("search {}: {} of {} rows had fewer than {} labels in their {} and were searched exactly", searched_,
                     grouped(fallbacks_), grouped(answered_), k_, searched_ == "learned" ? "lists" : "buckets"));
  }

  Result<std::unique_ptr<RowFeed>> open(const RowInput& input, const Model& model, std::optional<SequenceNotes> notes,
                                        const std::optional<RecordNotes>& records, bool sequence) {
    if (records) {
      by_name_ = true;
      return feed_of_records(input, records_, data_.format(), *records, model);
    }
    if (!sequence) return feed_of_ids(input, data_, model, model_);
    if (reads_events(data_, notes)) {
      const auto separator = records_.separator();
      if (!separator) return separator.error();
      if (!separator->empty()) notes->events->separator = *separator;
      by_name_ = items_ = true;
      return feed_of_events(input, *notes, data_.format(), model);
    }
    const auto key = sequence_.key(notes);
    if (!key) return key.error();
    notes->keyed = *key == datasets::LineKey::on;
    by_name_ = items_ = true;
    return feed_of_sequences(input, *notes, model);
  }

  Result<void> answer_all(const Model& model, RowFeed& feed, const PredictOptions& options, const std::string& source) {
    for (;;) {
      const auto rows = feed.next();
      if (!rows) return rows.error();
      if (rows->rows() == 0) break;
      if (auto done = answer(model, *rows, excludes_seen_ ? feed.seen() : SparseRows{}, options, source); !done) return done;
    }
    for (const std::string& line : feed.told()) note(line);
    return {};
  }

  const CLI::App* parser_ = nullptr;
  std::string model_;
  std::string input_;
  std::vector<std::string> queries_;
  std::string search_ = "automatic";
  std::string searched_;  ///< what that stands for
  std::string scores_ = "probability";
  std::uint32_t k_ = 5;
  CLI::Option* k_option_ = nullptr;
  ThresholdOptions threshold_;
  AnswerFilter filter_;
  bool names_ = false;
  bool explain_ = false;
  bool json_ = false;
  bool shows_rows_ = false;      ///< a training row was named
  bool by_name_ = false;         ///< also without --names
  bool excludes_seen_ = false;   ///< what a row has is no answer
  bool items_ = false;           ///< features are items
  std::uint64_t answered_ = 0;   ///< rows so far
  std::uint64_t fallbacks_ = 0;  ///< of these, not by their buckets
  ThreadsOption threads_;
  DataOptions data_;
  SequenceOptions sequence_;
  RecordOptions records_;
};

}  // namespace

std::unique_ptr<Command> make_predict() { return std::make_unique<Predict>(); }

}  // namespace glissade::apps
