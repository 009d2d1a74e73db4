#include "datasets/records/line_counts.h"

#include <algorithm>

namespace glissade::datasets {

std::uint64_t newlines(std::string_view text) noexcept {
  std::uint64_t count = 0;
  // Bytes are added up in bytes, which a compiler turns into vectors; 255 is the most that one holds.
  constexpr std::size_t kLanes = 64, kRounds = 255;
  while (text.size() >= kLanes) {
    std::uint8_t sums[kLanes] = {};
    const std::size_t rounds = std::min(text.size() / kLanes, kRounds);
    for (std::size_t round = 0; round < rounds; ++round) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        sums[lane] = static_cast<std::uint8_t>(sums[lane] + (text[round * kLanes + lane] == '\n' ? 1 : 0));
      }
    }
    for (const std::uint8_t sum : sums) count += sum;
    text.remove_prefix(rounds * kLanes);
  }
  return count + static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::uint64_t LineCounts::before(std::size_t block) const {
  std::call_once(once_, [this] {
    std::uint64_t lines = 0;
    std::size_t counted = 0;
    for (const std::size_t start : starts_) {
      lines += newlines(text_.substr(counted, start - counted));
      counted = start;
      lines_.push_back(lines);
    }
  });
  return lines_[block];
}

}  // namespace glissade::datasets
