#include "datasets/byte_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

constexpr double kMost = 1e18;  ///< bytes

/// 1 for "", 1,000 for "k" and so on; 0 for anything else.
double unit_of(std::string_view letter) noexcept {
  if (letter.empty()) return 1;
  constexpr std::string_view kSmall = "kmgt", kCapital = "KMGT";
  const std::size_t power = std::min(kSmall.find(letter), kCapital.find(letter));
  return letter.size() == 1 && power != std::string_view::npos ? std::pow(1000.0, static_cast<double>(power + 1)) : 0;
}

}  // namespace

Result<std::optional<std::uint64_t>> size_in_environment(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::optional<std::uint64_t>();
  const std::string_view text = value;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const double bytes = number * unit_of(text.substr(static_cast<std::size_t>(end - text.data())));
  if (error == std::errc() && bytes >= 1 && bytes <= kMost) return std::optional(static_cast<std::uint64_t>(bytes));
  return usage_error(
      fmt::format("environment variable {}: {} is no size; give a number above 0 with k, M, G or T behind it, such as 20G, or "
                  "leave it unset",
                  variable, datasets::quoted(std::string(text))));
}

}  // namespace glissade::datasets
