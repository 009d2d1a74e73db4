#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace glissade::datasets {

/// When something was: a number as it is, or seconds since 1970 of a date. Kept in two parts, because nanoseconds since 1970 have
/// more digits than a double.
struct EventTime {
  std::int64_t whole = 0;
  double part = 0;  ///< 0 to below 1
  friend auto operator<=>(const EventTime&, const EventTime&) = default;
};

/// A number ("1398902400", "1.39e9", "-3.5"), or a date with or without a time of day (ISO 8601: "2014-05-01",
/// "2014-05-01T08:30", "2014-05-01 08:30:15.25Z", "2014-05-01T08:30:15+02:00"; without a zone: UTC). Nothing if it is neither.
std::optional<EventTime> event_time(std::string_view text) noexcept;

/// Whether a text that event_time() takes is a date.
bool is_date(std::string_view text) noexcept;

}  // namespace glissade::datasets
