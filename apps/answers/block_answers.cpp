#include "apps/answers/block_answers.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <glissade/explain.h>

#include "apps/console/output.h"

namespace glissade::apps {
namespace {

/// Rows begin .. end - 1 of a block, with the errors that stand before them, and with `last` those behind them.
struct PartOfBlock {
  RowBlock block;
  std::vector<RowError> errors;

  PartOfBlock(const RowBlock& whole, std::size_t begin, std::size_t end, bool last) {
    block.rows = {whole.rows.offsets.subspan(begin, end - begin + 1), whole.rows.ids, whole.rows.values};
    if (whole.excluded.rows() > 0)
      block.excluded = {whole.excluded.offsets.subspan(begin, end - begin + 1), whole.excluded.ids, whole.excluded.values};
    block.vectors = whole.vectors.piece(begin, end - begin);
    if (!whole.users.empty()) block.users = whole.users.subspan(begin, end - begin);
    for (const RowError& error : whole.errors) {
      if (error.before >= begin && (error.before < end || last)) errors.push_back({error.before - begin, error.message});
    }
    block.errors = errors;
  }
  PartOfBlock(const PartOfBlock&) = delete;
  PartOfBlock& operator=(const PartOfBlock&) = delete;
};

}  // namespace

Result<void> BlockAnswers::begin() {
  std::string text;
  text_.begin(text);
  return text.empty() ? Result<void>() : put(text);
}

Result<void> BlockAnswers::answer(const RowBlock& block) {
  std::string text;
  auto done = answer_some(block, text);
  if (!text.empty()) {
    if (auto printed = put(text); !printed) return printed;
  }
  return done;
}

Result<void> BlockAnswers::end() {
  std::string text;
  text_.end(text);
  return text.empty() ? Result<void>() : put(text);
}

Result<void> BlockAnswers::answer_some(const RowBlock& block, std::string& text) {
  Predictions predictions;
  if (!options_.explains && block.rows.rows() > 0) {
    PredictOptions predict = options_.predict;
    predict.excluded = block.excluded;
    predict.first_row = rows_ + static_cast<std::uint64_t>(std::ranges::count(block.errors, 0u, &RowError::before));
    auto found = model_.predict({block.rows, block.vectors}, predict);
    if (!found && (options_.on_error == OnError::stop || found.error().kind == Error::Kind::usage))
      return fail(found.error(), {}, text);
    if (!found && block.rows.rows() > 1) return answer_halves(block, text);
    if (found) {
      predictions = std::move(*found);
      fallbacks_ += predictions.fallbacks;
    } else {
      for (const RowError& error : block.errors)
        if (error.before == 0) add_error({}, error.message, text);
      if (auto done = fail(found.error(), block.user(0), text); !done) return done;
      for (const RowError& error : block.errors)
        if (error.before != 0) add_error({}, error.message, text);
      return {};
    }
  }
  auto error = block.errors.begin();
  for (std::size_t row = 0; row <= block.rows.rows(); ++row) {
    for (; error != block.errors.end() && error->before == row; ++error) add_error({}, error->message, text);
    if (row == block.rows.rows()) break;
    if (!options_.explains) {
      add_row(block, row, predictions, text);
    } else if (auto done = explain_row(block, row, text); !done) {
      return done;
    }
  }
  return {};
}

/// Some row cannot be answered: the others can.
Result<void> BlockAnswers::answer_halves(const RowBlock& block, std::string& text) {
  const std::size_t half = block.rows.rows() / 2;
  const PartOfBlock first(block, 0, half, false), second(block, half, block.rows.rows(), true);
  if (auto done = answer_some(first.block, text); !done) return done;
  return answer_some(second.block, text);
}

void BlockAnswers::add_row(const RowBlock& block, std::size_t row, const Predictions& predictions, std::string& text) {
  const std::size_t k = predictions.k;
  const std::span labels = std::span(predictions.labels).subspan(row * k, k);
  const std::span scores = std::span(predictions.scores).subspan(row * k, k);
  std::size_t count = 0;  // what is not given comes last: scores fall
  while (count < k && labels[count] != Predictions::kNoLabel && options_.filter.keeps(count, scores[count])) ++count;
  text_.row(text, {++rows_, block.user(row), labels.first(count), scores.first(count)});
}

Result<void> BlockAnswers::explain_row(const RowBlock& block, std::size_t row, std::string& text) {
  const InputRows one = InputRows(block.rows, block.vectors).piece(row, 1);
  ExplainOptions how{
      .k = options_.predict.k, .search = options_.predict.search, .row_number = rows_, .filter = options_.predict.filter};
  if (block.excluded.rows() > 0)
    how.excluded = {block.excluded.offsets.subspan(row, 2), block.excluded.ids, block.excluded.values};
  auto reasons = explain(model_, one, how);
  if (!reasons) return fail(reasons.error(), block.user(row), text);
  options_.filter.apply(*reasons);
  shows_training_rows_ |= std::ranges::any_of(*reasons, [](const LabelReasons& reason) { return !reason.neighbours.empty(); });
  ++rows_;
  const std::optional<std::string_view> user = block.users.empty() ? std::nullopt : std::optional(block.user(row));
  text += form_ == AnswerForm::json ? reasons_.json(rows_, user, *reasons) : reasons_.text(rows_, user, *reasons);
  const auto printed = put(text);  // reasons take long to find
  text.clear();
  return printed;
}

/// A row that cannot be answered.
Result<void> BlockAnswers::fail(const Error& error, std::string_view user, std::string& text) {
  if (error.kind == Error::Kind::usage) return error;
  const std::string message = fmt::format("{}: {}", options_.source, error.message);
  if (options_.on_error == OnError::stop) return runtime_error(message);
  add_error(user, message, text);
  return {};
}

void BlockAnswers::add_error(std::string_view user, const std::string& message, std::string& text) {
  if (bad_rows_++ == 0) first_error_ = message;
  ++rows_;
  if (options_.on_error != OnError::record) return;
  if (options_.explains && form_ != AnswerForm::json) text += fmt::format("row {}\n", rows_);
  text_.error(text, {.number = rows_, .user = user}, message);
}

}  // namespace glissade::apps
