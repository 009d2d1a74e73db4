#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/answers/answer_text.h"
#include "apps/answers/explained.h"
#include "apps/answers/threshold.h"
#include "apps/config/choice.h"
#include "apps/input/row_feed.h"

namespace glissade::apps {

/// What becomes of a row that cannot be read or answered.
enum class OnError { stop, skip, record };
inline constexpr std::array<Choice<OnError>, 3> kOnErrors = {
    {{"stop", OnError::stop}, {"skip", OnError::skip}, {"record", OnError::record}}};

/// Answers rows as they come, block by block, on standard output.
class BlockAnswers {
 public:
  struct Options {
    PredictOptions predict;
    AnswerFilter filter;
    OnError on_error = OnError::stop;
    bool explains = false;  ///< with reasons: as JSON, or for people
    bool items = false;     ///< features are items of sequences
    std::string source;     ///< of rows, for messages
  };
  /// `model` must outlive it.
  BlockAnswers(const Model& model, const Options& options, const AnswerText::Options& text)
      : model_(model), options_(options), form_(text.form), text_(model, text), reasons_(ThingNames(model, options.items)) {}

  Result<void> begin();
  /// Fails on the first row that cannot be answered, if errors stop.
  Result<void> answer(const RowBlock& block);
  Result<void> end();

  // Of all rows so far.
  std::uint64_t rows() const noexcept { return rows_; }
  std::uint64_t bad_rows() const noexcept { return bad_rows_; }
  const std::string& first_error() const noexcept { return first_error_; }
  std::uint64_t fallbacks() const noexcept { return fallbacks_; }
  bool shows_training_rows() const noexcept { return shows_training_rows_; }

 private:
  Result<void> answer_some(const RowBlock& block, std::string& text);
  Result<void> answer_halves(const RowBlock& block, std::string& text);
  Result<void> explain_row(const RowBlock& block, std::size_t row, std::string& text);
  Result<void> fail(const Error& error, std::string_view user, std::string& text);
  void add_error(std::string_view user, const std::string& message, std::string& text);
  void add_row(const RowBlock& block, std::size_t row, const Predictions& predictions, std::string& text);

  const Model& model_;
  Options options_;
  AnswerForm form_;
  AnswerText text_;
  ExplainedRow reasons_;
  std::uint64_t rows_ = 0;  ///< bad ones included
  std::uint64_t bad_rows_ = 0;
  std::string first_error_;
  std::uint64_t fallbacks_ = 0;
  bool shows_training_rows_ = false;
};

}  // namespace glissade::apps
