#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include <glissade/calibration.h>

namespace glissade::apps {

/// Lines on what probabilities are worth, in percent.
std::string calibration_text(const CalibrationReport& report);
/// The same as an object, shares from 0 to 1.
nlohmann::ordered_json calibration_json(const CalibrationReport& report);

}  // namespace glissade::apps
