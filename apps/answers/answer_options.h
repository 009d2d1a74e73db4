#pragma once

#include <string>

#include <glissade/result.h>

#include "apps/answers/answer_text.h"
#include "apps/answers/block_answers.h"

namespace CLI {
class App;
}  // namespace CLI

namespace glissade::apps {

/// What `predict` was told of how answers are printed.
struct AnswerChoice {
  AnswerForm form = AnswerForm::lines;
  bool probabilities = true;  ///< else logits
  bool names = false;
  bool users = false;     ///< lines begin with whose they are
  bool explains = false;  ///< with reasons
  OnError on_error = OnError::stop;
  bool twice = false;  ///< --json, and --output json
};

/// The options --output, --json, --scores, --names, --keys, --explain and --on-error.
class AnswerOptions {
 public:
  void add_options(CLI::App& parser);
  /// Usage error if a name does not exist, or options do not go together.
  Result<AnswerChoice> choice() const;

 private:
  std::string output_;
  std::string scores_ = "probability";
  std::string on_error_ = "stop";
  bool json_ = false;
  bool names_ = false;
  bool users_ = false;
  bool explains_ = false;
};

}  // namespace glissade::apps
