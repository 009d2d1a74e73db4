#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <glissade/model.h>

#include "apps/config/choice.h"

namespace glissade::apps {

/// How answers are printed.
enum class AnswerForm {
  lines,  ///< "label:score label:score", or "name:score" with tabs between
  json,   ///< {"row":1,"answers":[{"label":12,"name":"x","probability":0.5}]}, a line each row
  xmc,    ///< a line "rows labels", then "label:score label:score"
  tsv,    ///< a line for each answer: row, rank, label, name, score
};
inline constexpr std::array<Choice<AnswerForm>, 4> kAnswerForms = {
    {{"lines", AnswerForm::lines}, {"json", AnswerForm::json}, {"xmc", AnswerForm::xmc}, {"tsv", AnswerForm::tsv}}};

/// What there is to print of a row.
struct AnsweredRow {
  std::uint64_t number = 0;    ///< from 1
  std::string_view user = {};  ///< whose row it is, where rows have users
  std::span<const std::uint32_t> labels = {};
  std::span<const float> scores = {};
};

/// Prints answers in one form, row by row.
class AnswerText {
 public:
  struct Options {
    AnswerForm form = AnswerForm::lines;
    bool names = false;          ///< lines: names instead of ids
    bool users = false;          ///< rows have users, which JSON and TSV tell
    bool leading_users = false;  ///< lines begin with them
    bool probabilities = true;   ///< scores are some
    bool errors = false;         ///< rows may have an error in the place of answers
  };
  /// `model` must outlive it.
  AnswerText(const Model& model, const Options& options) : model_(model), options_(options) {}

  // Each appends to `text`, what is before the first row, of a row, and behind the last one. An XMC file begins with the number
  // of its rows, so all of it comes at the end.
  void begin(std::string& text) const;
  void row(std::string& text, const AnsweredRow& row);
  void error(std::string& text, const AnsweredRow& row, std::string_view message);
  void end(std::string& text);

 private:
  void lines(std::string& text, const AnsweredRow& row) const;
  void json(std::string& text, const AnsweredRow& row) const;
  void xmc(const AnsweredRow& row);
  void tsv(std::string& text, const AnsweredRow& row) const;
  void begin_json(std::string& text, const AnsweredRow& row) const;
  void begin_tsv(std::string& text, const AnsweredRow& row) const;
  std::string_view score_name() const noexcept { return options_.probabilities ? "probability" : "logit"; }

  const Model& model_;
  Options options_;
  std::string body_;  ///< of an XMC file
  std::uint64_t rows_ = 0;
};

/// `text` with \t, \n, \r and \\ for tab, line feed, carriage return and backslash.
std::string escaped(std::string_view text);
/// `text` in quotes, as JSON has it; bytes that are no UTF-8 as U+FFFD.
std::string json_text(std::string_view text);

}  // namespace glissade::apps
