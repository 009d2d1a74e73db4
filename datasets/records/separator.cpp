#include "datasets/records/separator.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace glissade::datasets {
namespace {

constexpr std::string_view kSeparators = "\t,;|";     // texts hold tabs the least
constexpr std::size_t kRecords = 20;                  // a table says what it is within so many
constexpr std::size_t kBytes = std::size_t{1} << 16;  // .. and within so many bytes

using Counts = std::array<std::size_t, kSeparators.size()>;

/// How often each stands in the record that `text` begins with, which is taken off. `whole`: a line end was there.
Counts take_record(std::string_view& text, bool& whole) noexcept {
  Counts counts{};
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size() && (quoted || text[at] != '\n'); ++at) {
    if (text[at] == '"') quoted = !quoted;
    const std::size_t separator = quoted ? std::string_view::npos : kSeparators.find(text[at]);
    if (separator != std::string_view::npos) ++counts[separator];
  }
  whole = at < text.size();
  text.remove_prefix(std::min(at + 1, text.size()));
  return counts;
}

char most_of(const Counts& counts) noexcept {
  return kSeparators[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

}  // namespace

char separator_of(std::string_view text) noexcept {
  text = text.substr(0, kBytes);
  bool whole = false;
  const Counts first = take_record(text, whole);
  Counts equal = first;  // 0 where a record has another number
  for (std::size_t record = 1; record < kRecords && !text.empty(); ++record) {
    if (text.front() == '\n' || text.starts_with("\r\n")) {  // a blank line is no record
      text.remove_prefix(text.find('\n') + 1);
      continue;
    }
    const Counts counts = take_record(text, whole);
    if (!whole) break;  // perhaps it goes on in text to come
    for (std::size_t i = 0; i < equal.size(); ++i) equal[i] = equal[i] == counts[i] ? equal[i] : 0;
  }
  if (std::ranges::max(equal) == 0) equal = first;
  return std::ranges::max(equal) > 0 ? most_of(equal) : ',';
}

}  // namespace glissade::datasets
