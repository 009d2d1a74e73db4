#include "apps/training/evaluation_rows.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "apps/config/number_option.h"
#include "datasets/split.h"

namespace glissade::apps {
namespace {

constexpr double kShareOfEpoch = 0.1;
constexpr std::uint64_t kLeastRows = 500;  ///< less say too little
constexpr std::uint64_t kProbedRows = 200;
constexpr double kShort = 1;  ///< seconds that are given to an evaluation in any case

}  // namespace

Result<EvaluationSize> choose_evaluation_size(std::string_view text) {
  if (text == "auto") return EvaluationSize{EvaluationSize::kAutomatic};
  if (text == "all") return EvaluationSize{EvaluationSize::kAll};
  std::uint64_t rows = 0;
  if (read_number(text, Limits<std::uint64_t>{1}, rows).empty()) return EvaluationSize{rows};
  return usage_error(fmt::format("--eval-rows '{}' is no number of rows; allowed: auto, all, 1 ..", text));
}

EvaluationRows::EvaluationRows(const DatasetView& data, const RowPager* pager, EvaluationSize size)
    : data_(data), pager_(pager), size_(size) {}

/// So many of the rows that have labels, or all of them; an even choice.
datasets::Dataset EvaluationRows::spread(std::uint64_t rows) const {
  std::vector<std::size_t> labelled;
  for (std::size_t row = 0; row < data_.size(); ++row) {
    if (!data_.labels.row_ids(row).empty()) labelled.push_back(row);
  }
  std::vector<bool> chosen(data_.size());
  const std::uint64_t taken = std::min<std::uint64_t>(rows, labelled.size());
  for (std::uint64_t i = 0; i < taken; ++i) chosen[labelled[static_cast<std::size_t>(i * labelled.size() / taken)]] = true;
  datasets::Dataset some = datasets::select_rows(data_, chosen);
  if (pager_ != nullptr) pager_->release(0, data_.size());
  return some;
}

/// False if `evaluate` was stopped.
Result<bool> EvaluationRows::choose(double epoch_seconds, const Evaluate& evaluate) {
  std::uint64_t wanted = size_.rows;
  if (size_.rows == EvaluationSize::kAutomatic) {
    // The first row waits for what a search builds once.
    for (const std::uint64_t rows : {std::uint64_t{1}, kProbedRows}) {
      const auto probed = evaluate(spread(rows).view(), nullptr);
      if (!probed) return probed.error();
      if (!*probed) return false;
      row_seconds_ = (*probed)->seconds / static_cast<double>((*probed)->metrics.samples);
    }
    const double seconds = std::max(kShort, kShareOfEpoch * epoch_seconds);
    wanted = std::max(kLeastRows, static_cast<std::uint64_t>(seconds / std::max(row_seconds_, 1e-9)));
  }
  if (wanted < data_.size()) some_ = spread(wanted);
  chosen_ = true;
  return true;
}

Result<std::optional<Evaluation>> EvaluationRows::evaluate(double epoch_seconds, const Evaluate& evaluate) {
  const bool automatic = size_.rows == EvaluationSize::kAutomatic;
  if (!chosen_ && data_.size() > (automatic ? kLeastRows : size_.rows)) {
    const auto done = choose(epoch_seconds, evaluate);
    if (!done) return done.error();
    if (!*done) return std::optional<Evaluation>();
  }
  auto evaluation = some_ ? evaluate(some_->view(), nullptr) : evaluate(data_, pager_);
  if (evaluation && *evaluation && (*evaluation)->metrics.samples > 0)
    row_seconds_ = (*evaluation)->seconds / static_cast<double>((*evaluation)->metrics.samples);
  return evaluation;
}

}  // namespace glissade::apps
