#include "apps/evaluation/calibration_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/console/numbers.h"

namespace glissade::apps {
namespace {

std::string f1_text(const std::string& what, const F1& f1) {
  return fmt::format("F1 {}: micro {}, macro {}, per sample {}\n", what, percent(f1.micro), percent(f1.macro),
                     percent(f1.sample));
}

nlohmann::ordered_json f1_json(const F1& f1) { return {{"micro", f1.micro}, {"macro", f1.macro}, {"sample", f1.sample}}; }

}  // namespace

std::string calibration_text(const CalibrationReport& report) {
  std::string text = fmt::format("calibration error of the {} best {} %", CalibrationReport::kAnswers, percent(report.error));
  text += report.threshold ? fmt::format(", without calibration {} %\n", percent(report.uncalibrated_error))
                           : std::string("; the model holds no calibration\n");
  text += f1_text(fmt::format("of the {} best", CalibrationReport::kAnswers), report.f1_of_best);
  if (report.threshold) text += f1_text(fmt::format("at threshold {:.4f}", *report.threshold), report.f1_at_threshold);
  return text;
}

nlohmann::ordered_json calibration_json(const CalibrationReport& report) {
  nlohmann::ordered_json out;
  out["k"] = CalibrationReport::kAnswers;
  out["ece"] = report.error;
  out["ece_uncalibrated"] = report.uncalibrated_error;
  out["f1_of_best"] = f1_json(report.f1_of_best);
  if (!report.threshold) return out;
  out["threshold"] = double{*report.threshold};
  out["f1_at_threshold"] = f1_json(report.f1_at_threshold);
  return out;
}

}  // namespace glissade::apps
