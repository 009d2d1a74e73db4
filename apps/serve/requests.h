#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <glissade/label_filter.h>
#include <glissade/result.h>

#include "apps/answers/threshold.h"
#include "apps/serve/served_model.h"

namespace glissade::apps {

/// Asks for the best labels of rows.
struct PredictRequest {
  InputRows rows;
  std::uint32_t k = 5;
  bool probabilities = true;
  bool exclude_seen = false;
  bool explains = false;              ///< with reasons
  std::optional<LabelFilter> filter;  ///< labels that may be answers
  AnswerFilter given;                 ///< which of the answers are given
  std::uint64_t unknown_labels = 0;   ///< of "allow" and "deny"
};

/// Asks for the scores of given labels.
struct ScoreRequest {
  InputRows rows;
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> candidates;  ///< per row, each once
  std::uint64_t unknown_labels = 0;

  SparseRows candidate_view() const noexcept { return {offsets, candidates, {}}; }
};

/// What goes on, to learn from.
struct LearnRequest {
  InputRows rows;
  /// Of each row: labels that the model has, and names of others, which are added.
  struct Labels {
    std::vector<std::uint32_t> ids;
    std::vector<std::string> names;
  };
  std::vector<Labels> labels;
};

// Each reads the body of a request. An error is one line about what is wrong with it.
Result<PredictRequest> read_predict(std::string_view body, const ServedModel& model);
Result<ScoreRequest> read_score(std::string_view body, const ServedModel& model);
Result<LearnRequest> read_learn(std::string_view body, const ServedModel& model);

}  // namespace glissade::apps
