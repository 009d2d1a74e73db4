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

#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/options.h>

#include "apps/commands/command.h"
#include "apps/config/idle_rules.h"
#include "apps/config/number_option.h"
#include "apps/config/search.h"
#include "apps/config/threads.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/input/data_notes.h"
#include "apps/input/data_options.h"
#include "apps/input/sequence_options.h"
#include "apps/training/text_data.h"
#include "apps/words/questions.h"
#include "apps/words/vocabulary.h"
#include "datasets/message.h"
#include "datasets/next_item_rows.h"
#include "datasets/sequences.h"

namespace glissade::apps {
namespace {

double milliseconds_per_sample(const Evaluation& evaluation) {
  return evaluation.metrics.samples == 0 ? 0 : 1e3 * evaluation.seconds / static_cast<double>(evaluation.metrics.samples);
}

/// Half of an interval, as a short sign of how sure a mean is.
std::string half_width(const Measure& measure) { return percent((measure.interval.high - measure.interval.low) / 2); }

void add_row(std::string& text, std::string_view name, const std::vector<std::string>& cells) {
  text += fmt::format("{:<6}", name);
  for (const std::string& cell : cells) text += fmt::format("{:>8}", cell);
  text += '\n';
}

void add_measures(std::string& text, std::string_view name, const std::vector<CutoffMetrics>& at, Measure CutoffMetrics::*of) {
  std::vector<std::string> means, sure;
  for (const CutoffMetrics& metrics : at) {
    means.push_back(percent((metrics.*of).mean));
    sure.push_back(half_width(metrics.*of));
  }
  add_row(text, name, means);
  add_row(text, "  +/-", sure);
}

std::string table(const Evaluation& evaluation, const std::string& search, const std::vector<std::uint32_t>& cutoffs) {
  const Metrics& m = evaluation.metrics;
  std::string text;
  std::vector<std::string> heads;
  for (const CutoffMetrics& metrics : evaluation.at) heads.push_back(fmt::format("@{}", metrics.k));
  add_row(text, "", heads);
  if (cutoffs.empty()) {
    add_measures(text, "P", evaluation.at, &CutoffMetrics::precision);
    for (const auto& [name, values] : {std::pair{"nDCG", &m.ndcg}, {"PSP", &m.psp}}) {
      std::vector<std::string> cells;
      for (const double value : *values) cells.push_back(percent(value));
      add_row(text, name, cells);
    }
  } else {
    add_measures(text, "P", evaluation.at, &CutoffMetrics::precision);
    add_measures(text, "R", evaluation.at, &CutoffMetrics::recall);
    add_measures(text, "HR", evaluation.at, &CutoffMetrics::hit_rate);
    add_measures(text, "nDCG", evaluation.at, &CutoffMetrics::ndcg);
  }
  text += fmt::format("samples {}, without labels {}, search {}, {:.4f} ms/sample, labels scored {} %\n", grouped(m.samples),
                      grouped(m.unlabelled), search, milliseconds_per_sample(evaluation), percent(evaluation.candidates_share));
  return text;
}

std::string json(const Evaluation& evaluation, const std::string& search, const Propensity& propensity) {
  const Metrics& m = evaluation.metrics;
  nlohmann::ordered_json out;
  out["samples"] = m.samples;
  out["unlabelled"] = m.unlabelled;
  out["search"] = search;
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("p@{}", kCutoffs[i])] = m.precision[i];
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("ndcg@{}", kCutoffs[i])] = m.ndcg[i];
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("psp@{}", kCutoffs[i])] = m.psp[i];
  out["propensity"] = {{"a", propensity.a}, {"b", propensity.b}};
  nlohmann::ordered_json intervals = nlohmann::ordered_json::object();
  for (const CutoffMetrics& at : evaluation.at) {
    for (const auto& [name, measure] :
         {std::pair{"p", at.precision}, {"recall", at.recall}, {"hr", at.hit_rate}, {"ndcg", at.ndcg}}) {
      const std::string key = fmt::format("{}@{}", name, at.k);
      if (!out.contains(key)) out[key] = measure.mean;
      intervals[key] = {measure.interval.low, measure.interval.high};
    }
  }
  out["interval_95"] = intervals;
  out["seconds"] = evaluation.seconds;
  out["ms_per_sample"] = milliseconds_per_sample(evaluation);
  out["candidates_share"] = evaluation.candidates_share;
  return out.dump() + "\n";
}

/// "5,10,20" as numbers, ascending. What is wrong with it otherwise.
std::string read_cutoffs(std::string_view text, std::vector<std::uint32_t>& out) {
  constexpr Limits<std::uint32_t> kLimits{1, 1000};
  out.clear();
  for (;;) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::uint32_t cutoff = 0;
    if (std::string wrong = read_number(text.substr(0, end), kLimits, cutoff); !wrong.empty()) return wrong;
    out.push_back(cutoff);
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return {};
}

/// What is scored.
struct Scored {
  bool questions = false;  ///< asked of word vectors, instead of data
  bool analogies = false;  ///< among them
  bool text = false;       ///< contexts of a running text
  bool sequence = false;   ///< items one after the other
  bool shows_psp = true;   ///< PSP@k is printed
  Search search = Search::automatic;
};

constexpr std::string_view kSequence = "sequences have no binary copies; it counts for rows with labels";
constexpr bool (*kOfSequence)(const Scored&) = [](const Scored& scored) { return scored.sequence; };

constexpr std::string_view kQuestions = "questions are read and answered in a way of their own; it counts with --test";
constexpr std::string_view kText = "running texts have no binary copies; it counts for rows with labels";
constexpr bool (*kOfQuestions)(const Scored&) = [](const Scored& scored) { return scored.questions; };
constexpr bool (*kOfText)(const Scored&) = [](const Scored& scored) { return scored.text; };

/// What the field reports of next items.
constexpr std::array<std::uint32_t, 3> kOfSequences = {5, 10, 20};

using Rule = IdleRule<Scored>;
constexpr std::array kIdle = {
    Rule{"--search", [](const Scored& scored) { return scored.questions && scored.search != Search::automatic; }, kQuestions},
    Rule{"--propensity", kOfQuestions, kQuestions},
    Rule{"--propensity", [](const Scored& scored) { return !scored.shows_psp; },
         "PSP@k is not printed; it counts with --json, or for rows without --k"},
    Rule{"--among", [](const Scored& scored) { return !scored.analogies; }, "it counts only with --analogies"},
    Rule{"--format", kOfQuestions, kQuestions},
    Rule{"--id-base", kOfQuestions, kQuestions},
    Rule{"--no-cache", kOfQuestions, kQuestions},
    Rule{"--no-cache", kOfText, kText},
    Rule{"--cache-dir", kOfQuestions, kQuestions},
    Rule{"--cache-dir", kOfText, kText},
    Rule{"--no-cache", kOfSequence, kSequence},
    Rule{"--cache-dir", kOfSequence, kSequence},
    Rule{"--k", kOfQuestions, kQuestions},
    Rule{"--sequence-key", kOfQuestions, kQuestions},
    Rule{"--holdout-last", kOfQuestions, kQuestions},
};

class Eval : public Command {
 public:
  const char* name() const noexcept override { return "eval"; }
  const char* summary() const noexcept override {
    return "Score a model on labelled data: P@k, nDCG@k and PSP@k, in percent; or word vectors on questions";
  }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file.")->type_name("FILE");
    parser.add_option("--test", test_, "Labelled data; rows without labels are counted but not scored.")->type_name("FILE");
    parser.add_option("--search", search_, kSearchHelp)->type_name("NAME");
    parser
        .add_option("--propensity", propensity_,
                    "Constants A,B of labels' propensities in PSP@k. Default those of the model, usually 0.55,1.5; others report "
                    "with 0.6,2.6 on Amazon's data and with 0.5,0.4 on Wikipedia's.")
        ->type_name("A,B");
    parser.add_flag(
        "--json", json_,
        "Print one JSON object; its shares are from 0 to 1. Behind interval_95: between which values 95 % of the means "
        "of resampled rows lie.");
    parser
        .add_option_function<std::string>(
            "--k",
            [this](const std::string& text) {
              if (const std::string wrong = read_cutoffs(text, cutoffs_); !wrong.empty())
                throw CLI::ValidationError("--k", wrong);
            },
            "Cut-offs, 1 to 1000, such as 5,10,20: P@k, recall, hit rate (HR@k) and nDCG@k there. Default 5,10,20 for sequences; "
            "else "
            "P@k, nDCG@k and PSP@k at 1, 3 and 5.")
        ->type_name("K,K");
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
    threads_.add_options(parser);
    data_.add_options(parser);
    sequence_.add_options(parser, SequenceOptions::For::eval);
    parser_ = &parser;
  }

  Result<int> run() override {
    const bool asks = !questions_.analogies.empty() || !questions_.similarities.empty();
    if (model_.empty() || test_.empty() == !asks)
      return usage_error("eval needs --model FILE and either --test FILE or --analogies FILE, --similarity FILE");
    if (auto ok = check_file_name("--model", model_); !ok) return ok.error();
    std::vector<std::string> inputs = questions_.similarities;
    inputs.insert(inputs.end(), {test_, questions_.analogies});
    if (auto once = check_standard_input(inputs); !once) return once.error();
    if (auto ok = data_.check(); !ok) return ok.error();
    const auto search = choose("--search", search_, kSearches);
    if (!search) return search.error();
    Config constants;
    if (!propensity_.empty()) {
      if (auto set = set_option(constants, "propensity", propensity_); !set) return set.error();
      asked_ = constants.network.propensity;
    }
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    const auto text = asks ? answers(*search) : scores(*search);
    if (!text) return text.error();
    if (auto written = put(*text); !written) return written.error();
    return 0;
  }

 private:
  Result<std::string> answers(Search search) const {
    const auto vocabulary = Vocabulary::load(model_);
    if (!vocabulary) return vocabulary.error();
    warn_of_idle(*parser_, Scored{.questions = true, .analogies = !questions_.analogies.empty(), .search = search}, kIdle);
    return ask(*vocabulary, questions_, json_);
  }

  Result<std::string> scores(Search search) const {
    const auto model = Model::load(model_);
    if (!model) return model.error();
    if (auto ok = check_search(*model, model_, search); !ok) return ok.error();
    const bool text = data_.is_text(holds_vocabulary(*model));
    const auto notes = SequenceNotes::of(*model);
    const bool sequence = data_.is_sequence(notes.has_value());
    if (auto ok = sequence_.check(sequence); !ok) return ok.error();
    const bool shows_psp = json_ || (cutoffs_.empty() && !sequence);
    warn_of_idle(*parser_, Scored{.text = text, .sequence = sequence, .shows_psp = shows_psp, .search = search}, kIdle);
    if (sequence) return score_sequences(*model, notes, search);
    if (text) return score_contexts(*model, search);
    auto data = data_.read(test_, "test data", known_base(*model, model_));
    if (!data) return data.error();
    if (auto ok = check_scorable(data->view(), test_); !ok) return ok.error();
    const auto known = data_.fit(std::move(*data), test_, model->shape().features, model->shape().labels);
    if (!known) return known.error();
    return score(*model, known->view(), search, cutoffs_);
  }

  /// How well each sequence tells its last item.
  Result<std::string> score_sequences(const Model& model, const std::optional<SequenceNotes>& notes, Search search) const {
    if (!notes)
      return runtime_error(fmt::format("--format sequence: {} was not trained on sequences; leave it out, or train it on some",
                                       datasets::quoted(model_)));
    const auto key = sequence_.key(notes);
    if (!key) return key.error();
    const auto sequences = read_known_sequences(test_, "test data", model.label_names(), *key == datasets::LineKey::on);
    if (!sequences) return sequences.error();
    const auto rows = datasets::last_rows(*sequences, notes->rules, sequence_.held_back, test_);
    if (!rows) return rows.error();
    if (rows->short_lines > 0)
      note(fmt::format("{}: {} of {} sequences are too short to be scored", datasets::quoted(test_), grouped(rows->short_lines),
                       grouped(sequences->size())));
    return score(model, rows->data.view(), search,
                 cutoffs_.empty() ? std::vector<std::uint32_t>(kOfSequences.begin(), kOfSequences.end()) : cutoffs_);
  }

  /// Of a running text: how well words predict those around them.
  Result<std::string> score_contexts(const Model& model, Search search) const {
    if (!holds_vocabulary(model))
      return runtime_error(
          fmt::format("{} holds no words; train one on a running text, with --preset text8", datasets::quoted(model_)));
    const datasets::Subwords subwords(model.label_names(), model.config().words.min_ngram, model.config().words.max_ngram);
    const auto samples = read_context_samples(test_, model.label_names(), subwords, model.config().words.window);
    if (!samples) return samples.error();
    if (auto ok = check_scorable(samples->view(), test_); !ok) return ok.error();
    return score(model, samples->view(), search, cutoffs_);
  }

  Result<std::string> score(const Model& model, const DatasetView& data, Search search,
                            const std::vector<std::uint32_t>& cutoffs) const {
    EvaluateOptions options;
    options.search = search;
    options.cutoffs = cutoffs.empty() ? std::vector<std::uint32_t>(kCutoffs.begin(), kCutoffs.end()) : cutoffs;
    options.intervals = true;
    options.propensity = asked_;
    const auto evaluation = evaluate(model, data, options);
    if (!evaluation)
      return Error{fmt::format("{}: {}", datasets::quoted(test_), evaluation.error().message), evaluation.error().kind};
    const std::string searched = search_name(search_, model.search_for({std::ranges::max(options.cutoffs), search}));
    return json_ ? json(*evaluation, searched, asked_.value_or(model.config().network.propensity))
                 : table(*evaluation, searched, cutoffs);
  }

  const CLI::App* parser_ = nullptr;
  std::string model_;
  std::string test_;
  std::string search_ = "automatic";
  std::vector<std::uint32_t> cutoffs_;
  std::string propensity_;
  std::optional<Propensity> asked_;  ///< what it says
  WordQuestions questions_;
  bool json_ = false;
  ThreadsOption threads_;
  DataOptions data_;
  SequenceOptions sequence_;
};

}  // namespace

std::unique_ptr<Command> make_eval() { return std::make_unique<Eval>(); }

}  // namespace glissade::apps
