#include "apps/pruning/wanted_size.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

/// The number that `text` begins with, and the rest; false without one.
bool split_number(std::string_view text, double& number, std::string_view& unit) noexcept {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  unit = text.substr(static_cast<std::size_t>(read.ptr - text.data()));
  return read.ec == std::errc() && std::isfinite(number);
}

double bytes_of(std::string_view unit) noexcept {
  if (unit == "kB" || unit == "k") return 1e3;
  if (unit == "MB" || unit == "M") return 1e6;
  if (unit == "GB" || unit == "G") return 1e9;
  return unit.empty() || unit == "B" ? 1 : 0;
}

}  // namespace

std::uint64_t WantedSize::of(std::uint64_t whole) const noexcept {
  return share > 0 ? static_cast<std::uint64_t>(share * static_cast<double>(whole)) : bytes;
}

std::string WantedSize::text() const { return share > 0 ? fmt::format("{:g} %", 100 * share) : system::bytes_text(bytes); }

std::string read_percentage(const std::string& text, double& share) {
  double number = 0;
  std::string_view unit;
  if (!split_number(text, number, unit) || unit != "%" || number <= 0 || number >= 100)
    return fmt::format("{} is no percentage; allowed: above 0% and below 100%, such as 90%", datasets::quoted(text));
  share = number / 100;
  return {};
}

std::string read_wanted_size(const std::string& text, WantedSize& out) {
  constexpr double kMost = 1e18;
  double number = 0;
  std::string_view unit;
  const bool is_number = split_number(text, number, unit);
  if (is_number && unit == "%" && number > 0 && number <= 100) {
    out = {number / 100, 0};
    return {};
  }
  const double bytes = is_number ? number * bytes_of(unit) : 0;
  if (bytes < 1 || bytes > kMost)
    return fmt::format("{} is no size; allowed: above 0% to 100%, or bytes with k, M or G, such as 25% or 80MB",
                       datasets::quoted(text));
  out = {0, static_cast<std::uint64_t>(bytes)};
  return {};
}

std::string read_wanted_sizes(const std::string& text, std::vector<WantedSize>& out) {
  out.clear();
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (std::string wrong = read_wanted_size(text.substr(begin, end - begin), out.emplace_back()); !wrong.empty()) return wrong;
    begin = end + 1;
  }
  return {};
}

std::string read_steps(const std::string& text, PruneMix& mix) {
  constexpr double kMost = 1000;
  std::size_t part = 0;
  for (std::size_t begin = 0; begin <= text.size() && part <= PruneMix::kParts; ++part) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    double step = 0;
    std::string_view unit;
    const bool is_number = split_number(std::string_view(text).substr(begin, end - begin), step, unit) && unit.empty();
    if (!is_number || step < 0 || step > kMost || part == PruneMix::kParts) break;
    mix.steps[part] = step;
    begin = end + 1;
    if (begin > text.size() && part + 1 == PruneMix::kParts) return {};
  }
  return fmt::format("{} is not {} steps, each 0 .. {:g}, with commas between: a line of the table has them",
                     datasets::quoted(text), PruneMix::kParts, kMost);
}

}  // namespace glissade::apps
