#include "apps/answers/threshold.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/calibration.h>

#include "apps/config/number_option.h"
#include "apps/console/output.h"
#include "datasets/message.h"

namespace glissade::apps {

void AnswerFilter::apply(std::vector<LabelReasons>& reasons) const {
  std::size_t rank = 0;
  std::erase_if(reasons, [&](const LabelReasons& reason) { return !keeps(rank++, reason.probability); });
}

void ThresholdOptions::add_options(CLI::App& parser) {
  const auto take = [this](const std::string& text) {
    float least = 0;
    automatic_ = text == "auto";
    const std::string wrong = automatic_ ? "" : read_number(text, Limits<float>{0, 1}, least);
    if (!wrong.empty()) throw CLI::ValidationError("--threshold", wrong + ", auto");
    least_ = automatic_ ? std::nullopt : std::optional(least);
  };
  parser
      .add_option_function<std::string>("--threshold", take,
                                        "Print only labels of at least this probability, 0 to 1; auto: the threshold with the "
                                        "best F1 on training rows that were "
                                        "kept apart, which models with calibrated probabilities hold.")
      ->type_name("P");
  add_number(parser, "--min-labels", best_, {0, 1000},
             "With --threshold: print so many labels in any case, the best ones. Default 0.")
      ->type_name("N");
}

Result<AnswerFilter> ThresholdOptions::filter(const Model& model, const std::string& path, std::uint32_t k,
                                              bool probabilities) const {
  if (!given()) return AnswerFilter{};
  if (!probabilities) return usage_error("--threshold is a probability; leave --scores logit out");
  if (best_ > k) return usage_error(fmt::format("--min-labels {} is more than --k {}; raise --k", best_, k));
  if (least_) {
    if (!has_calibration(model))
      note(fmt::format("{} holds no calibration: --threshold is compared with uncalibrated probabilities",
                       datasets::quoted(path)));
    return AnswerFilter{*least_, best_};
  }
  const auto least = best_threshold(model);
  if (!least)
    return usage_error(
        fmt::format("--threshold auto: {} holds no calibration; give a number, or train it anew on more rows, with sparse paths",
                    datasets::quoted(path)));
  note(fmt::format("threshold {:.4g}: the best F1 on training rows that were kept apart", *least));
  return AnswerFilter{*least, best_};
}

}  // namespace glissade::apps
