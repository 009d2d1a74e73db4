#pragma once

#include <glissade/histories.h>

#include <optional>
#include <string_view>

namespace glissade::datasets {

using glissade::EventTime;

/// A number ("1398902400", "1.39e9", "-3.5"), or a date with or without a time of day (ISO 8601: "2014-05-01",
/// "2014-05-01T08:30", "2014-05-01 08:30:15.25Z", "2014-05-01T08:30:15+02:00"; without a zone: UTC). Nothing if it is neither.
std::optional<EventTime> event_time(std::string_view text) noexcept;

/// Whether a text that event_time() takes is a date.
bool is_date(std::string_view text) noexcept;

}  // namespace glissade::datasets
