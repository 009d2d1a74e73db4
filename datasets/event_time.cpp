#include "datasets/event_time.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace glissade::datasets {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes characters off a text; once one is not as expected, good() is false.
class DateText {
 public:
  explicit DateText(std::string_view text) noexcept : text_(text) {}

  bool good() const noexcept { return good_; }
  bool empty() const noexcept { return text_.empty(); }
  bool next_is(char c) const noexcept { return !text_.empty() && text_.front() == c; }

  bool skip(char c) noexcept {
    if (!next_is(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) noexcept { good_ = skip(c) && good_; }

  /// Exactly so many digits, of a number up to `most`.
  int number(std::size_t digits, int most) noexcept {
    int value = 0;
    if (text_.size() < digits) return good_ = false, 0;
    for (std::size_t i = 0; i < digits; ++i) {
      good_ = good_ && is_digit(text_[i]);
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    good_ = good_ && value <= most;
    return value;
  }

  /// What stands behind a decimal sign.
  double fraction() noexcept {
    double value = 0, unit = 0.1;
    good_ = good_ && !text_.empty() && is_digit(text_.front());
    for (; !text_.empty() && is_digit(text_.front()); text_.remove_prefix(1), unit /= 10) value += unit * (text_.front() - '0');
    return value;
  }

 private:
  std::string_view text_;
  bool good_ = true;
};

/// Seconds east of Greenwich behind a time of day.
int zone(DateText& text) noexcept {
  if (text.skip('Z') || text.empty()) return 0;
  const int sign = text.next_is('-') ? -1 : 1;
  if (!text.skip('-')) text.expect('+');
  const int hours = text.number(2, 23);
  if (text.empty()) return sign * hours * 3600;
  text.skip(':');
  return sign * (hours * 3600 + text.number(2, 59) * 60);
}

std::optional<EventTime> date(std::string_view from) noexcept {
  DateText text(from);
  const int year = text.number(4, 9999);
  text.expect('-');
  const int month = text.number(2, 12);
  text.expect('-');
  const int day = text.number(2, 31);
  if (!text.good()) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day))};
  if (!ymd.ok()) return std::nullopt;
  EventTime time{std::chrono::sys_days(ymd).time_since_epoch().count() * std::int64_t{86'400}, 0};
  if (text.empty()) return time;
  if (!text.skip('T')) text.expect(' ');
  const int hours = text.number(2, 24);
  text.expect(':');
  const int minutes = text.number(2, 59);
  int seconds = 0;
  if (text.skip(':')) {
    seconds = text.number(2, 60);  // 60: a leap second
    if (text.skip('.') || text.skip(',')) time.part = text.fraction();
  }
  time.whole += hours * 3600 + minutes * 60 + seconds - zone(text);
  if (!text.good() || !text.empty()) return std::nullopt;
  return time;
}

}  // namespace

bool is_date(std::string_view text) noexcept { return text.size() >= 10 && text[4] == '-' && text[7] == '-'; }

std::optional<EventTime> event_time(std::string_view text) noexcept {
  if (is_date(text)) return date(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  EventTime time;
  if (const auto whole = std::from_chars(text.data(), end, time.whole); whole.ec == std::errc() && whole.ptr == end) return time;
  double value = 0;
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || !(std::abs(value) < 9e18)) return std::nullopt;
  const double floor = std::floor(value);
  return EventTime{static_cast<std::int64_t>(floor), value - floor};
}

}  // namespace glissade::datasets
