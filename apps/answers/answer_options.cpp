#include "apps/answers/answer_options.h"

#include <array>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/config/choice.h"

namespace glissade::apps {
namespace {

constexpr std::array<Choice<bool>, 2> kScores = {{{"probability", true}, {"logit", false}}};

}  // namespace

void AnswerOptions::add_options(CLI::App& parser) {
  parser.add_option("--scores", scores_, "What stands behind a label: probability or logit. Default probability.")
      ->type_name("NAME");
  parser.add_flag("--names", names_, "Print the labels' names instead of their ids, with tabs between the pairs.");
  parser
      .add_option(
          "--output", output_,
          "How answers are printed: lines ('label:score label:score', a line each row), json (an object each row), xmc "
          "('rows labels', then lines, all at the end), tsv (a line each answer: row, rank, label, name, score; the first "
          "line names the columns). Default lines.")
      ->type_name("NAME");
  parser.add_flag("--json", json_, "The same as --output json.");
  parser.add_flag("--keys", users_,
                  "Begin each line with the user whose row it is, and a tab: for logs of events, and sequences with keys.");
  parser.add_flag("--explain", explains_,
                  "Print why: for each answer the features that speak for it, the share of each part of the model in its score, "
                  "and the training rows with that label that are most like the row. As text or with --json.");
  parser
      .add_option(
          "--on-error", on_error_,
          "A row that cannot be read or answered ends the run (stop), is left out (skip), or has 'error: why' in the place "
          "of its answers (record); JSON and TSV have a field for it, XMC a row without labels. Default stop.")
      ->type_name("NAME");
}

Result<AnswerChoice> AnswerOptions::choice() const {
  AnswerChoice out;
  const auto form = choose("--output", output_.empty() ? (json_ ? "json" : "lines") : output_, kAnswerForms);
  if (!form) return form.error();
  if (json_ && *form != AnswerForm::json)
    return usage_error(fmt::format("--json is --output json, and --output {} is something else; give one of them", output_));
  if (explains_ && *form != AnswerForm::json && *form != AnswerForm::lines)
    return usage_error(fmt::format("--output {} has no place for reasons; with --explain choose lines or json", output_));
  const auto probabilities = choose("--scores", scores_, kScores);
  if (!probabilities) return probabilities.error();
  const auto on_error = choose("--on-error", on_error_, kOnErrors);
  if (!on_error) return on_error.error();
  return AnswerChoice{*form, *probabilities, names_, users_, explains_, *on_error, json_ && !output_.empty()};
}

}  // namespace glissade::apps
