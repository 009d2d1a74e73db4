#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/model.h>

#include "apps/answers/answer_options.h"
#include "apps/answers/answering_ranks.h"
#include "apps/answers/block_answers.h"
#include "apps/answers/label_lists.h"
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
#include "apps/input/row_vectors.h"
#include "apps/input/sequence_options.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

struct PredictSource {
  bool stream = false;     ///< rows are answered as they come
  bool goes_on = false;    ///< errors do not end the run
  bool sequence = false;   ///< items one after the other
  bool set = false;        ///< of these: their order means nothing
  bool events = false;     ///< of a log
  bool records = false;    ///< columns of records, or texts
  bool has_users = false;  ///< rows are somebody's
  bool threshold = false;
  AnswerChoice answers;
};

constexpr std::string_view kNoCopyOfSequence = "sequences have no binary copies; it counts for rows with labels";
constexpr std::string_view kNoCopyOfStream = "standard input is answered as it comes and has no binary copy; it counts for files";
constexpr std::string_view kNoCopyOfRecords = "records have no binary copies; it counts for rows of ids";
constexpr std::string_view kNoCopyOnError =
    "with --on-error rows are answered as they are read, without a binary copy; it counts alone";
constexpr bool (*kAnswersStream)(const PredictSource&) = [](const PredictSource& source) { return source.stream; };
constexpr bool (*kAnswersSequence)(const PredictSource&) = [](const PredictSource& source) { return source.sequence; };
constexpr bool (*kAnswersRecords)(const PredictSource&) = [](const PredictSource& source) { return source.records; };
constexpr bool (*kAnswersErrors)(const PredictSource&) = [](const PredictSource& source) { return source.goes_on; };
constexpr bool (*kAnswersReasons)(const PredictSource&) = [](const PredictSource& source) { return source.answers.explains; };
constexpr bool (*kAnswersFields)(const PredictSource&) = [](const PredictSource& source) {
  return source.answers.form == AnswerForm::json || source.answers.form == AnswerForm::tsv;
};
constexpr bool (*kAnswersXmc)(const PredictSource&) = [](const PredictSource& source) {
  return source.answers.form == AnswerForm::xmc;
};
constexpr std::array kIdleInPredict = {
    IdleRule<PredictSource>{"--no-cache", kAnswersStream, kNoCopyOfStream},
    IdleRule<PredictSource>{"--no-cache", kAnswersSequence, kNoCopyOfSequence},
    IdleRule<PredictSource>{"--no-cache", kAnswersRecords, kNoCopyOfRecords},
    IdleRule<PredictSource>{"--no-cache", kAnswersErrors, kNoCopyOnError},
    IdleRule<PredictSource>{"--cache-dir", kAnswersStream, kNoCopyOfStream},
    IdleRule<PredictSource>{"--cache-dir", kAnswersSequence, kNoCopyOfSequence},
    IdleRule<PredictSource>{"--cache-dir", kAnswersRecords, kNoCopyOfRecords},
    IdleRule<PredictSource>{"--cache-dir", kAnswersErrors, kNoCopyOnError},
    IdleRule<PredictSource>{"--names", kAnswersReasons, "reasons have names wherever the model has; it counts without --explain"},
    IdleRule<PredictSource>{"--names", kAnswersFields, "JSON and TSV have names wherever the model has; it counts for lines"},
    IdleRule<PredictSource>{"--names", kAnswersXmc, "an XMC file has ids; it counts for lines"},
    IdleRule<PredictSource>{"--names", kAnswersSequence,
                            "the items of sequences are answered by name in any case; it counts for rows with labels"},
    IdleRule<PredictSource>{"--names", kAnswersRecords,
                            "labels of records are answered by name in any case; it counts for rows of ids"},
    IdleRule<PredictSource>{"--scores", kAnswersReasons,
                            "reasons stand with both, probability and score; it counts without --explain"},
    IdleRule<PredictSource>{"--min-labels", [](const PredictSource& source) { return !source.threshold; },
                            "it counts only with --threshold"},
    IdleRule<PredictSource>{"--json", [](const PredictSource& source) { return source.answers.twice; },
                            "--output json says it already"},
    IdleRule<PredictSource>{"--keys", [](const PredictSource& source) { return !source.has_users; },
                            "these rows have no users; it counts for logs of events, and sequences with keys"},
    IdleRule<PredictSource>{"--keys", kAnswersReasons, "reasons tell users in any case; it counts without --explain"},
    IdleRule<PredictSource>{"--keys", kAnswersFields, "JSON and TSV tell users in any case; it counts for lines"},
    IdleRule<PredictSource>{"--keys", kAnswersXmc, "an XMC file has labels and scores alone; it counts for lines"},
    IdleRule<PredictSource>{"--sequence-key", [](const PredictSource& source) { return source.events; },
                            "a log of events has a column of users; it counts for sequences that stand in lines"},
    IdleRule<PredictSource>{
        "--on-error", [](const PredictSource& source) { return source.events && !source.stream; },
        "a log of events is read before a user is answered, and a bad record ends the run; it counts for rows"},
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
    answers_.add_options(parser);
    lists_.add_options(parser, LabelLists::For::predict);
    parser
        .add_option("--query", queries_,
                    "Instead of an input: one row, such as a text for a model of texts, or a JSON object with its columns; "
                    "'item,item' for a model of sequences; 'f:v f:v' otherwise. As often as one likes.")
        ->type_name("TEXT")
        ->take_all()
        ->allow_extra_args(false);
    add_vectors_option(parser, vectors_, "the input");
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
    const auto answers = answers_.choice();
    if (!answers) return answers.error();
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    auto ranks = AnsweringRanks::join();
    if (!ranks) return ranks.error();
    auto model = ranks->load(model_);
    if (!model) return model.error();
    if (ranks->follows()) return ranks->follow(*model);
    const AnsweringRanks::Lead lead(*ranks, *model);
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
    if (answers->names && answers->form == AnswerForm::lines && !answers->explains && model->label_names().empty()) {
      return usage_error(fmt::format("--names: {} holds no label names; train it with --label-names", datasets::quoted(model_)));
    }
    if (answers->explains && *search == Search::tables)
      return usage_error(
          fmt::format("--search {}: rows cannot be explained by tables; use exact, learned or automatic", search_));
    const auto excludes = sequence_.excludes_seen(*model, model_);
    if (!excludes) return excludes.error();
    const auto source = source_of(*answers, notes, records->has_value(), sequence);
    if (!source) return source.error();
    warn_of_idle(*parser_, *source, kIdleInPredict);
    if (threshold_.given() && k_option_->count() == 0) k_ = ThresholdOptions::kMostLabels;
    const auto least = threshold_.filter(*model, model_, k_, answers->probabilities || answers->explains);
    if (!least) return least.error();
    const auto permitted = lists_.filter(*model, model_, !sequence && !records->has_value());
    if (!permitted) return permitted.error();
    PredictOptions options{k_, *search, answers->probabilities};
    if (*permitted) options.filter = &**permitted;
    searched_ = search_name(search_, model->search_for(options));
    if (searched_ == "learned" && search_ != searched_)
      note("search learned: the labels that look best by short codes are scored; --search exact scores all");
    const RowInput input{input_, queries_, source->goes_on};
    if (!vectors_.empty() && (sequence || source->goes_on || !queries_.empty()))
      return usage_error(
          "--vectors are beside the rows of one input: leave out --query and --on-error, and give rows of ids or records");
    auto feed = open(input, *model, notes, *records, *source);
    if (!feed) return feed.error();
    feed = with_vectors(std::move(*feed), vectors_, input.path, model->shape().vector_width);
    if (!feed) return feed.error();
    BlockAnswers printed(*model,
                         {options, *least, source->goes_on ? answers->on_error : OnError::stop, answers->explains, sequence,
                          input.path == "-" ? "standard input" : input.name()},
                         {answers->form, answers->names || sequence || records->has_value(), source->has_users,
                          answers->users && source->has_users, answers->probabilities, answers->on_error == OnError::record});
    if (auto done = answer_all(**feed, *excludes, printed); !done) return done.error();
    tell_end(printed, *source);
    return 0;
  }

 private:
  /// How records are read, if the model's data are some. A log of events is none of them.
  Result<std::optional<RecordNotes>> find_records(const Model& model, const std::optional<SequenceNotes>& notes) const {
    if (!reads_events(data_, notes)) return reads_records(model, data_, records_);
    if (auto ok = records_.check(false, true); !ok) return ok.error();
    return std::optional<RecordNotes>();
  }

  Result<PredictSource> source_of(const AnswerChoice& answers, const std::optional<SequenceNotes>& notes, bool records,
                                  bool sequence) const {
    PredictSource out;
    out.stream = RowInput{input_, queries_}.is_stream();
    out.sequence = sequence;
    out.set = sequence && notes && !notes->rules.ordered;
    out.events = sequence && reads_events(data_, notes);
    out.goes_on = answers.on_error != OnError::stop && (!out.events || !queries_.empty());
    out.records = records;
    out.threshold = threshold_.given();
    out.answers = answers;
    out.has_users = out.events && queries_.empty();
    if (!sequence || out.events) return out;
    const auto key = sequence_.key(notes);
    if (!key) return key.error();
    out.has_users = *key == datasets::LineKey::on;
    return out;
  }

  void tell_end(const BlockAnswers& printed, const PredictSource& source) const {
    if (printed.shows_training_rows())
      note(source.set ? "training rows are counted from 1: up to five for each set, in the order of the file"
           : source.sequence
               ? "training rows are counted from 1: one for each item that has another one before it, in the order of the file"
               : "training rows are counted from 1 in the order of the training file, without those that were held out or left "
                 "out as repeats");
    if (printed.fallbacks() > 0)
      note(fmt::format("search {}: {} of {} rows had fewer than {} labels in their {} and were searched exactly", searched_,
                       grouped(printed.fallbacks()), grouped(printed.rows()), k_, searched_ == "learned" ? "lists" : "buckets"));
    if (!source.goes_on) return;
    if (printed.bad_rows() == 0) return note("on-error: all rows were read and answered");
    note(fmt::format("on-error: {} of {} rows could not be read or answered and {}; the first: {}", grouped(printed.bad_rows()),
                     grouped(printed.rows()),
                     source.answers.on_error == OnError::skip ? "were left out" : "have an error in the place of answers",
                     printed.first_error()));
  }

  Result<std::unique_ptr<RowFeed>> open(const RowInput& input, const Model& model, std::optional<SequenceNotes> notes,
                                        const std::optional<RecordNotes>& records, const PredictSource& source) const {
    if (records) return feed_of_records(input, records_, data_.format(), *records, model);
    if (!source.sequence) return feed_of_ids(input, data_, model, model_);
    const auto table = sequence_.item_table(model, model_, source.events);
    if (!table) return table.error();
    if (source.events) {
      const auto separator = records_.separator();
      if (!separator) return separator.error();
      if (!separator->empty()) notes->events->separator = *separator;
      return feed_of_events(input, *notes, data_.format(), model, *table ? &**table : nullptr);
    }
    notes->keyed = source.has_users;
    return feed_of_sequences(input, *notes, model);
  }

  static Result<void> answer_all(RowFeed& feed, bool excludes_seen, BlockAnswers& printed) {
    if (auto done = printed.begin(); !done) return done;
    for (;;) {
      auto block = feed.next();
      if (!block) return block.error();
      if (block->empty()) break;
      if (excludes_seen) block->excluded = feed.seen();
      if (auto done = printed.answer(*block); !done) return done;
    }
    if (auto done = printed.end(); !done) return done;
    for (const std::string& line : feed.told()) note(line);
    return {};
  }

  const CLI::App* parser_ = nullptr;
  std::string model_;
  std::string input_;
  std::string vectors_;
  std::vector<std::string> queries_;
  std::string search_ = "automatic";
  std::string searched_;  ///< what that stands for
  std::uint32_t k_ = 5;
  CLI::Option* k_option_ = nullptr;
  ThresholdOptions threshold_;
  AnswerOptions answers_;
  LabelLists lists_;
  ThreadsOption threads_;
  DataOptions data_;
  SequenceOptions sequence_;
  RecordOptions records_;
};

}  // namespace

std::unique_ptr<Command> make_predict() { return std::make_unique<Predict>(); }

}  // namespace glissade::apps
