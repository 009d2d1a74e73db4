#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/calibration.h>
#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/options.h>

#include "apps/answers/answering_ranks.h"
#include "apps/answers/label_lists.h"
#include "apps/commands/command.h"
#include "apps/config/idle_rules.h"
#include "apps/config/number_option.h"
#include "apps/config/search.h"
#include "apps/config/threads.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/evaluation/answer_files.h"
#include "apps/evaluation/calibration_text.h"
#include "apps/evaluation/comparable.h"
#include "apps/evaluation/evaluation_text.h"
#include "apps/evaluation/examples.h"
#include "apps/evaluation/metric_choice.h"
#include "apps/evaluation/mistakes.h"
#include "apps/evaluation/permitted_answers.h"
#include "apps/evaluation/row_texts.h"
#include "apps/evaluation/scored_rows.h"
#include "apps/input/data_options.h"
#include "apps/input/row_vectors.h"
#include "apps/input/sequence_options.h"
#include "apps/words/questions.h"
#include "apps/words/vocabulary.h"
#include "datasets/atomic_file.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

/// What is scored.
struct Scored {
  bool questions = false;  ///< asked of word vectors, instead of data
  bool analogies = false;  ///< among them
  bool text = false;       ///< contexts of a running text
  bool sequence = false;   ///< items one after the other
  bool records = false;    ///< columns of records
  bool answers = false;    ///< of a file, instead of a model's
  bool names = false;      ///< a file of answers may have names
  bool counts = true;      ///< how often labels are trained on is known
  bool shows_psp = true;   ///< PSP@k is printed
  bool json = false;
  bool compares = false;
  Search search = Search::automatic;
};

constexpr std::string_view kSequence = "sequences have no binary copies; it counts for rows with labels";
constexpr std::string_view kRecords = "records have no binary copies; it counts for rows of ids";
constexpr bool (*kOfRecords)(const Scored&) = [](const Scored& scored) { return scored.records; };
constexpr bool (*kOfSequence)(const Scored&) = [](const Scored& scored) { return scored.sequence; };

constexpr std::string_view kQuestions = "questions are read and answered in a way of their own; it counts with --test";
constexpr std::string_view kText = "running texts have no binary copies; it counts for rows with labels";
constexpr bool (*kOfQuestions)(const Scored&) = [](const Scored& scored) { return scored.questions; };
constexpr bool (*kOfText)(const Scored&) = [](const Scored& scored) { return scored.text; };
constexpr std::string_view kAnswers = "the answers are in a file already; it counts with --model";
constexpr bool (*kOfAnswers)(const Scored&) = [](const Scored& scored) { return scored.answers; };

/// What the field reports of next items.
constexpr std::array<std::uint32_t, 3> kOfSequences = {5, 10, 20};

using Rule = IdleRule<Scored>;
constexpr std::array kIdle = {
    Rule{"--search", [](const Scored& scored) { return scored.questions && scored.search != Search::automatic; }, kQuestions},
    Rule{"--search", kOfAnswers, kAnswers},
    Rule{"--vectors", kOfQuestions, kQuestions},
    Rule{"--vectors", kOfAnswers, kAnswers},
    Rule{"--propensity", kOfQuestions, kQuestions},
    Rule{"--propensity", [](const Scored& scored) { return !scored.counts; },
         "PSP@k needs how often labels are trained on; it counts with --train FILE"},
    Rule{"--propensity", [](const Scored& scored) { return !scored.shows_psp; },
         "PSP@k is not printed; it counts with --json or --metrics psp, or for rows without --k"},
    Rule{"--among", [](const Scored& scored) { return !scored.analogies; }, "it counts only with --analogies"},
    Rule{"--format", kOfQuestions, kQuestions},
    Rule{"--id-base", kOfQuestions, kQuestions},
    Rule{"--no-cache", kOfQuestions, kQuestions},
    Rule{"--no-cache", kOfText, kText},
    Rule{"--cache-dir", kOfQuestions, kQuestions},
    Rule{"--cache-dir", kOfText, kText},
    Rule{"--no-cache", kOfSequence, kSequence},
    Rule{"--cache-dir", kOfSequence, kSequence},
    Rule{"--no-cache", kOfRecords, kRecords},
    Rule{"--cache-dir", kOfRecords, kRecords},
    Rule{"--k", kOfQuestions, kQuestions},
    Rule{"--calibration", kOfQuestions, kQuestions},
    Rule{"--calibration", [](const Scored& scored) { return scored.answers; },
         "it is of a model's probabilities; it counts with --model"},
    Rule{"--calibration", [](const Scored& scored) { return scored.compares; },
         "a comparison has none; it counts without --against"},
    Rule{"--metrics", kOfQuestions, kQuestions},
    Rule{"--metrics", [](const Scored& scored) { return scored.json; }, "--json has all metrics; it counts without it"},
    Rule{"--by-frequency", kOfQuestions, kQuestions},
    Rule{"--by-frequency", [](const Scored& scored) { return !scored.counts; },
         "how often labels are trained on is not known; it counts with --train FILE"},
    Rule{"--by-frequency", [](const Scored& scored) { return scored.json; }, "--json has this in any case; it counts without it"},
    Rule{"--by-frequency", [](const Scored& scored) { return scored.compares; },
         "a comparison has no such table; it counts without --against, or with --json"},
    Rule{"--examples", kOfQuestions, kQuestions},
    Rule{"--examples", kOfAnswers, kAnswers},
    Rule{"--examples", kOfText, "a running text has no rows to show; it counts for rows with labels"},
    Rule{"--examples", [](const Scored& scored) { return scored.compares; },
         "a comparison has none; it counts without --against"},
    Rule{"--allow", kOfQuestions, kQuestions},
    Rule{"--allow", kOfAnswers, kAnswers},
    Rule{"--deny", kOfQuestions, kQuestions},
    Rule{"--deny", kOfAnswers, kAnswers},
    Rule{"--against", kOfQuestions, kQuestions},
    Rule{"--against-predictions", kOfQuestions, kQuestions},
    Rule{"--train", kOfQuestions, kQuestions},
    Rule{"--train", [](const Scored& scored) { return !scored.answers; },
         "a model knows how often labels are trained on; it counts with --predictions"},
    Rule{"--label-names", [](const Scored& scored) { return !scored.names; },
         "only a file of answers has names; it counts with --predictions or --against-predictions"},
    Rule{"--sequence-key", kOfQuestions, kQuestions},
    Rule{"--csv-separator", kOfQuestions, kQuestions},
    Rule{"--strict", kOfQuestions, kQuestions},
    Rule{"--holdout-last", kOfQuestions, kQuestions},
    Rule{"--exclude-seen", kOfQuestions, kQuestions},
    Rule{"--item-features", kOfQuestions, kQuestions},
};

class Eval : public Command {
 public:
  const char* name() const noexcept override { return "eval"; }
  const char* summary() const noexcept override {
    return "Score a model, or answers in a file, on labelled data: P@k, nDCG@k and PSP@k, in percent; or word vectors on "
           "questions";
  }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file.")->type_name("FILE");
    parser.add_option("--test", test_, "Labelled data; rows without labels are counted but not scored.")->type_name("FILE");
    add_vectors_option(parser, vectors_, "--test");
    add_answer_options(parser);
    parser.add_option("--search", search_, kSearchHelp)->type_name("NAME");
    add_metric_options(parser);
    parser
        .add_option("--analogies", questions_.analogies,
                    "Instead of --test: questions such as questions-words.txt, for word vectors.")
        ->type_name("FILE");
    parser
        .add_option(
            "--similarity", questions_.similarities,
            "Instead of --test: pairs of words with a score each ('word word number'), whose rank correlation with cosines is "
            "printed; several files.")
        ->type_name("FILE");
    add_number(parser, "--among", questions_.among, {1},
               "Analogies: take only so many of the most frequent words as questions and answers. Default 30000.")
        ->type_name("N");
    lists_.add_options(parser, LabelLists::For::eval);
    threads_.add_options(parser);
    data_.add_options(parser);
    sequence_.add_options(parser, SequenceOptions::For::eval);
    records_.add_options(parser, RecordOptions::For::use);
    parser_ = &parser;
  }

  Result<int> run() override {
    if (auto ok = check_arguments(); !ok) return ok.error();
    const auto search = choose("--search", search_, kSearches);
    if (!search) return search.error();
    search_kind_ = *search;
    if (!propensity_.empty()) {
      Config constants;
      if (auto set = set_option(constants, "propensity", propensity_); !set) return set.error();
      asked_ = constants.network.propensity;
    }
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    const auto text = asks_questions() ? answers() : answers_.path.empty() ? score_model() : score_answers();
    if (!text) return text.error();
    if (auto written = put(*text); !written) return written.error();
    return 0;
  }

 private:
  void add_answer_options(CLI::App& parser) {
    parser
        .add_option(
            "--predictions", answers_.path,
            "Instead of --model: another program's answers to the rows of --test, a line each: 'label:score label:score', JSON "
            "{\"labels\":[...],\"scores\":[...]}, or fastText's '__label__name score'.")
        ->type_name("FILE");
    parser.add_option("--against", against_, "Second model: how much more does --model score than it, and is that real?")
        ->type_name("FILE");
    parser.add_option("--against-predictions", against_answers_, "Likewise a second file of answers.")->type_name("FILE");
    parser
        .add_option(
            "--train", answers_.train,
            "With --predictions: the training data, for how often labels are trained on, which PSP@k and --by-frequency need.")
        ->type_name("FILE");
    parser
        .add_option("--label-names", answers_.names,
                    "With --predictions: one name per label and line; the answers are names. Default those of --model, if any.")
        ->type_name("FILE");
  }

  void add_metric_options(CLI::App& parser) {
    parser
        .add_option("--propensity", propensity_,
                    "Constants A,B of labels' propensities in PSP@k. Default those of the model, usually 0.55,1.5; others report "
                    "with 0.6,2.6 on Amazon's data and with 0.5,0.4 on Wikipedia's.")
        ->type_name("A,B");
    parser.add_flag(
        "--json", json_,
        "Print one JSON object; its shares are from 0 to 1. Behind interval_95: between which values 95 % of the means "
        "of resampled rows lie.");
    const auto take = [&parser](const char* option, auto& target, auto read, const char* help) {
      const auto set = [option, &target, read](const std::string& text) {
        if (const std::string wrong = read(text, target); !wrong.empty()) throw CLI::ValidationError(option, wrong);
      };
      return parser.add_option_function<std::string>(option, set, help);
    };
    take("--k", cutoffs_, read_cutoffs,
         "Cut-offs, 1 to 1000, such as 5,10,20: P@k, recall, hit rate (HR@k) and nDCG@k there. Default 5,10,20 for sequences; "
         "else "
         "P@k, nDCG@k and PSP@k at 1, 3 and 5.")
        ->type_name("K,K");
    take("--metrics", metrics_, read_metrics,
         "What is printed at the cut-offs: p, recall, hr (hit rate), ndcg, f1 (of each row), mrr (1 / rank of the first hit), "
         "psp, "
         "coverage (share of all labels that are answered at least once), or all.")
        ->type_name("NAME,NAME");
    parser.add_flag("--calibration", calibration_,
                    "Also print how far the probabilities of the 5 best labels are from how often these apply (expected "
                    "calibration error, 15 "
                    "bins of as many answers each), and F1 at the model's threshold and of the 5 best.");
    parser.add_flag(
        "--by-frequency", by_frequency_,
        "Also print, by how many training rows labels have (1, 2-3, 4-7 ...): what these labels add to P@k, and the share "
        "of them that is found (R@k).");
    parser
        .add_option(
            "--examples", examples_,
            "Also write a JSON file for 'glissade report --examples': the metrics, and the 50 rows whose wrong first answer "
            "was the most probable, in words.")
        ->type_name("FILE");
  }

  bool asks_questions() const noexcept { return !questions_.analogies.empty() || !questions_.similarities.empty(); }
  bool compares() const noexcept { return !against_.empty() || !against_answers_.empty(); }

  /// Rows of --test as that model reads them, with their vectors.
  Result<ScoredRows> scored_rows(const Model& model, const std::string& path) const {
    auto rows = read_scored_rows(model, path, test_, data_, sequence_, records_);
    if (!rows) return rows;
    const std::uint32_t width = model.shape().vector_width;
    auto file = read_vectors(width == 0 && !against_.empty() ? "" : vectors_, rows->view.size(), test_, false);
    if (!file) return file.error();
    if (width != 0 || against_.empty()) {
      if (auto fit = check_vectors_wanted(width, vectors_, file->rows.width, "--vectors"); !fit) return fit.error();
    }
    rows->view.vectors = file->rows;
    rows->vectors = file->owner;
    return rows;
  }

  Result<void> check_arguments() const {
    if (!answers_.path.empty() && (!model_.empty() || asks_questions()))
      return usage_error(
          "--predictions takes the place of --model; give one of them (--against-predictions compares a model with a file)");
    const bool scored = !model_.empty() || !answers_.path.empty();
    if (!scored || test_.empty() == !asks_questions())
      return usage_error(
          "eval needs --model FILE and either --test FILE or --analogies FILE, --similarity FILE; or --predictions FILE and "
          "--test FILE");
    if (!against_.empty() && !against_answers_.empty())
      return usage_error("--against and --against-predictions exclude each other; give one of them");
    if (!against_.empty() && !answers_.path.empty())
      return usage_error("--against compares two models; give the model by --model and the answers by --against-predictions");
    if (auto ok = check_file_name("--model", model_); !ok) return ok;
    if (auto ok = check_file_name("--against", against_); !ok) return ok;
    std::vector<std::string> inputs = questions_.similarities;
    inputs.insert(inputs.end(), {test_, questions_.analogies, answers_.path, against_answers_, answers_.train, answers_.names});
    if (auto once = check_standard_input(inputs); !once) return once;
    if (!examples_.empty()) {
      if (auto ok = check_examples(std::move(inputs)); !ok) return ok;
    }
    return data_.check();
  }

  /// `inputs`: the files that are read, but for the models.
  Result<void> check_examples(std::vector<std::string> inputs) const {
    if (auto ok = check_file_name("--examples", examples_); !ok) return ok;
    if (test_ == "-")
      return usage_error("--examples reads --test twice, and standard input is there once; write the data into a file");
    inputs.insert(inputs.end(), {model_, against_});
    return check_replaceable(examples_, inputs);
  }

  Result<std::string> answers() const {
    const auto vocabulary = Vocabulary::load(model_);
    if (!vocabulary) return vocabulary.error();
    warn_of_idle(*parser_, Scored{.questions = true, .analogies = !questions_.analogies.empty(), .search = search_kind_}, kIdle);
    return ask(*vocabulary, questions_, json_);
  }

  Result<std::string> score_model() {
    auto ranks = AnsweringRanks::join();
    if (!ranks) return ranks.error();
    auto model = ranks->load(model_);
    if (!model) return model.error();
    if (ranks->follows()) {  // rank 0 has the text
      const auto status = ranks->follow(*model);
      return status ? Result<std::string>(std::string()) : status.error();
    }
    const AnsweringRanks::Lead lead(*ranks, *model);
    if (auto ok = check_search(*model, model_, search_kind_); !ok) return ok.error();
    const RowKind kind = row_kind(*model, data_);
    if (auto ok = sequence_.check(kind == RowKind::sequences); !ok) return ok.error();
    if (auto ok = records_.check(kind == RowKind::records, reads_events(data_, SequenceNotes::of(*model))); !ok)
      return ok.error();
    choose_metrics(kind);
    Scored scored = situation();
    scored.text = kind == RowKind::contexts;
    scored.sequence = kind == RowKind::sequences;
    scored.records = kind == RowKind::records;
    warn_of_idle(*parser_, scored, kIdle);
    const auto rows = scored_rows(*model, model_);
    if (!rows) return rows.error();
    const KnownLabels known{model->shape().labels, model->label_counts(), model->training_samples(),
                            asked_.value_or(model->config().network.propensity)};
    if (calibration_ && rows->excluded.rows() > 0)
      return usage_error("--calibration is of all answers, and --exclude-seen on leaves some out; leave one of them out");
    auto permitted = lists_.filter(*model, model_, kind != RowKind::sequences && kind != RowKind::records);
    if (!permitted) return permitted.error();
    permitted_ = std::move(*permitted);
    if (calibration_ && permitted_)
      return usage_error("--calibration is of all answers, and --allow and --deny leave some out; leave one of them out");
    auto mine = score(*model, *rows, known);
    if (!mine) return mine.error();
    if (!examples_.empty() && !compares() && kind != RowKind::contexts) {
      if (auto written = write_examples(*model, *rows, *mine); !written) return written.error();
    }
    if (!compares() && calibration_) {
      auto report = evaluate_calibration(*model, rows->view, {search_kind_});
      if (!report) return Error{fmt::format("{}: {}", datasets::quoted(test_), report.error().message), report.error().kind};
      return text_of(*mine, *report);
    }
    if (!compares()) return text_of(*mine);
    auto other = against_.empty() ? answers_beside(*model, rows->view.labels, known) : second_model(*model, *rows, known);
    if (!other) return other.error();
    return compared(std::move(*mine), std::move(*other), model_);
  }

  Result<std::string> score_answers() {
    if (auto ok = sequence_.check(false); !ok) return ok.error();
    if (auto ok = records_.check(false); !ok) return ok.error();
    choose_metrics(RowKind::labels);
    Scored scored = situation();
    scored.answers = true;
    scored.counts = !answers_.train.empty();
    warn_of_idle(*parser_, scored, kIdle);
    const auto data = read_answered_data(answers_, test_, data_);
    if (!data) return data.error();
    if (!data->counted() && metrics_.size() == 1 && chooses(metrics_, "psp"))
      return usage_error("--metrics psp needs how often labels are trained on; give --train FILE");
    if (!data->counted()) note("PSP@k is left out: it needs how often labels are trained on, from --train FILE");
    const KnownLabels known = data->known(asked_.value_or(Propensity{}));
    auto mine = scored_answers(answers_.path, *data, test_, known, options(known));
    if (!mine) return mine.error();
    if (!compares()) return text_of(*mine);
    auto other = scored_answers(against_answers_, *data, test_, known, options(known));
    if (!other) return other.error();
    return compared(std::move(*mine), std::move(*other), answers_.path);
  }

  Result<Model> load(const std::string& path) const {
    auto model = Model::load(path);
    if (!model) return model;
    if (auto ok = check_search(*model, path, search_kind_); !ok) return ok.error();
    return model;
  }

  /// What is printed. Without --metrics it depends on the rest.
  void choose_metrics(RowKind kind) {
    if (!cutoffs_.empty() || kind == RowKind::sequences || !metrics_.empty()) {
      if (cutoffs_.empty() && kind == RowKind::sequences) cutoffs_.assign(kOfSequences.begin(), kOfSequences.end());
      if (metrics_.empty()) metrics_ = usual_metrics();
    }
    shows_psp_ = json_ || metrics_.empty() || chooses(metrics_, "psp");
    if (cutoffs_.empty()) cutoffs_.assign(kCutoffs.begin(), kCutoffs.end());
  }

  Scored situation() const {
    Scored scored;
    scored.names = !answers_.path.empty() || !against_answers_.empty();
    scored.shows_psp = shows_psp_;
    scored.json = json_;
    scored.compares = compares();
    scored.search = search_kind_;
    return scored;
  }

  EvaluateOptions options(const KnownLabels& known) const {
    EvaluateOptions options;
    options.search = search_kind_;
    options.cutoffs = cutoffs_;
    options.intervals = true;
    options.by_frequency = json_ || by_frequency_ || !examples_.empty();
    options.keep_rows = compares();
    options.known = &known;
    return options;
  }

  Result<Scoring> score(const Model& model, const ScoredRows& rows, const KnownLabels& known) const {
    EvaluateOptions wanted = options(known);
    wanted.excluded = rows.excluded;
    auto evaluation = permitted_ ? evaluate_permitted(model, rows, *permitted_, wanted) : evaluate(model, rows.view, wanted);
    if (!evaluation)
      return Error{fmt::format("{}: {}", datasets::quoted(test_), evaluation.error().message), evaluation.error().kind};
    const std::string searched = search_name(search_, model.search_for({std::ranges::max(cutoffs_), search_kind_}));
    return Scoring{std::move(*evaluation), searched, known.propensity};
  }

  Result<void> write_examples(const Model& model, const ScoredRows& rows, const Scoring& scoring) const {
    PredictOptions asked;
    asked.search = search_kind_;
    if (permitted_) asked.filter = &*permitted_;
    const auto mistakes = confident_mistakes(model, rows, asked, kMistakes);
    if (!mistakes) return mistakes.error();
    std::vector<std::size_t> wanted;
    for (const Mistake& mistake : *mistakes) wanted.push_back(mistake.row);
    const auto texts = row_texts(model, rows, test_, data_.format(), records_, wanted);
    if (!texts) return texts.error();
    auto file = datasets::AtomicFile::create(examples_);
    if (!file) return file.error();
    const auto json = examples_json(model, rows, test_, scoring, *mistakes, *texts);
    if (auto done = file->write(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"); !done)
      return done;
    if (auto done = file->commit(); !done) return done;
    note(fmt::format("wrote {}: {} rows whose first answer is wrong", datasets::quoted(examples_), mistakes->size()));
    return {};
  }

  /// The model of --against on the rows that `model` has been scored on, with labels weighed and counted as there.
  Result<Scoring> second_model(const Model& model, const ScoredRows& rows, const KnownLabels& known) const {
    const auto other = load(against_);
    if (!other) return other.error();
    if (auto ok = check_comparable(model, model_, *other, against_); !ok) return ok.error();
    if (const auto excludes = sequence_.excludes_seen(*other, against_); !excludes) return excludes.error();
    const bool same_width = other->shape().vector_width == model.shape().vector_width;
    if (rows.kind != RowKind::records && same_width && other->data_notes() == model.data_notes())
      return score(*other, rows, known);
    const auto own = scored_rows(*other, against_);
    if (!own) return own.error();
    if (auto ok = check_same_labels(rows.view, model_, own->view, against_, test_); !ok) return ok.error();
    return score(*other, *own, known);
  }

  Result<Scoring> answers_beside(const Model& model, const SparseRows& labels, const KnownLabels& known) const {
    const auto data = answered_beside(model, model_, answers_.names, labels);
    if (!data) return data.error();
    return scored_answers(against_answers_, *data, test_, known, options(known));
  }

  std::string text_of(const Scoring& scoring, const std::optional<CalibrationReport>& calibration = {}) const {
    if (json_) {
      auto json = evaluation_json(scoring);
      if (calibration) json["calibration"] = calibration_json(*calibration);
      return json.dump() + "\n";
    }
    std::string text = evaluation_table(scoring, metrics_);
    if (calibration) text += calibration_text(*calibration);
    if (by_frequency_ && !scoring.evaluation.by_frequency.empty()) text += "\n" + frequency_table(scoring.evaluation);
    return text;
  }

  Result<std::string> compared(Scoring mine, Scoring other, const std::string& path) const {
    const auto comparison = compare(mine.evaluation, other.evaluation);
    if (!comparison) return comparison.error();
    const std::string& second = against_.empty() ? against_answers_ : against_;
    const Contest contest{std::move(mine), std::move(other), datasets::quoted(path), datasets::quoted(second), *comparison};
    if (json_) return comparison_json(contest).dump() + "\n";
    return comparison_table(contest, metrics_.empty() ? default_metrics() : metrics_);
  }

  const CLI::App* parser_ = nullptr;
  std::string model_;
  std::string vectors_;
  std::string test_;
  AnswerFiles answers_;
  std::string against_;
  std::string examples_;
  std::string against_answers_;
  std::string search_ = "automatic";
  Search search_kind_ = Search::automatic;  ///< what it says
  std::vector<std::uint32_t> cutoffs_;
  MetricChoice metrics_;  ///< empty: what is usual where nothing is asked for
  bool by_frequency_ = false;
  bool calibration_ = false;
  bool shows_psp_ = true;
  std::string propensity_;
  std::optional<Propensity> asked_;  ///< what it says
  WordQuestions questions_;
  bool json_ = false;
  LabelLists lists_;
  std::optional<LabelFilter> permitted_;  ///< what they say
  ThreadsOption threads_;
  DataOptions data_;
  SequenceOptions sequence_;
  RecordOptions records_;
};

}  // namespace

std::unique_ptr<Command> make_eval() { return std::make_unique<Eval>(); }

}  // namespace glissade::apps
