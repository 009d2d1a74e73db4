#include "apps/answers/answer_text.h"

#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace glissade::apps {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default: out += c;
    }
  }
  return out;
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void AnswerText::begin(std::string& text) const {
  if (options_.form != AnswerForm::tsv) return;
  fmt::format_to(std::back_inserter(text), "row\t{}rank\tlabel\tname\t{}{}\n", options_.users ? "user\t" : "", score_name(),
                 options_.errors ? "\terror" : "");
}

void AnswerText::row(std::string& text, const AnsweredRow& row) {
  switch (options_.form) {
    case AnswerForm::lines: return lines(text, row);
    case AnswerForm::json: return json(text, row);
    case AnswerForm::xmc: return xmc(row);
    case AnswerForm::tsv: return tsv(text, row);
  }
}

void AnswerText::error(std::string& text, const AnsweredRow& row, std::string_view message) {
  switch (options_.form) {
    case AnswerForm::lines: fmt::format_to(std::back_inserter(text), "error: {}\n", escaped(message)); break;
    case AnswerForm::json:
      begin_json(text, row);
      fmt::format_to(std::back_inserter(text), "\"error\":{}}}\n", json_text(message));
      break;
    case AnswerForm::xmc: xmc({}); break;
    case AnswerForm::tsv:
      begin_tsv(text, row);
      fmt::format_to(std::back_inserter(text), "\t\t\t\t{}\n", escaped(message));
      break;
  }
}

void AnswerText::end(std::string& text) {
  if (options_.form == AnswerForm::xmc) text += fmt::format("{} {}\n{}", rows_, model_.shape().labels, body_);
}

void AnswerText::lines(std::string& text, const AnsweredRow& row) const {
  const auto out = std::back_inserter(text);
  if (options_.leading_users) fmt::format_to(out, "{}\t", escaped(row.user));
  for (std::size_t i = 0; i < row.labels.size(); ++i) {
    if (options_.names) {
      fmt::format_to(out, "{}{}:{:.6g}", i == 0 ? "" : "\t", escaped(model_.label_names()[row.labels[i]]), row.scores[i]);
    } else {
      fmt::format_to(out, "{}{}:{:.6g}", i == 0 ? "" : " ", row.labels[i], row.scores[i]);
    }
  }
  text += '\n';
}

void AnswerText::begin_json(std::string& text, const AnsweredRow& row) const {
  fmt::format_to(std::back_inserter(text), "{{\"row\":{},", row.number);
  if (options_.users) fmt::format_to(std::back_inserter(text), "\"user\":{},", json_text(row.user));
}

void AnswerText::json(std::string& text, const AnsweredRow& row) const {
  const auto out = std::back_inserter(text);
  const auto& names = model_.label_names();
  begin_json(text, row);
  text += "\"answers\":[";
  for (std::size_t i = 0; i < row.labels.size(); ++i) {
    fmt::format_to(out, "{}{{\"label\":{}", i == 0 ? "" : ",", row.labels[i]);
    if (!names.empty()) fmt::format_to(out, ",\"name\":{}", json_text(names[row.labels[i]]));
    fmt::format_to(out, ",\"{}\":{}}}", score_name(), row.scores[i]);
  }
  text += "]}\n";
}

void AnswerText::xmc(const AnsweredRow& row) {
  ++rows_;
  for (std::size_t i = 0; i < row.labels.size(); ++i)
    fmt::format_to(std::back_inserter(body_), "{}{}:{:.6g}", i == 0 ? "" : " ", row.labels[i], row.scores[i]);
  body_ += '\n';
}

void AnswerText::begin_tsv(std::string& text, const AnsweredRow& row) const {
  fmt::format_to(std::back_inserter(text), "{}\t", row.number);
  if (options_.users) fmt::format_to(std::back_inserter(text), "{}\t", escaped(row.user));
}

void AnswerText::tsv(std::string& text, const AnsweredRow& row) const {
  const auto& names = model_.label_names();
  for (std::size_t i = 0; i < row.labels.size(); ++i) {
    begin_tsv(text, row);
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\t{:.6g}{}\n", i + 1, row.labels[i],
                   names.empty() ? std::string() : escaped(names[row.labels[i]]), row.scores[i], options_.errors ? "\t" : "");
  }
}

}  // namespace glissade::apps
