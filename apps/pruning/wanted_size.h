#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/prune.h>

namespace glissade::apps {

/// A size as it is asked for: a share of a model, or bytes.
struct WantedSize {
  double share = 0;         ///< in (0, 1]; 0: `bytes` says it
  std::uint64_t bytes = 0;  ///< 1 or more

  std::uint64_t of(std::uint64_t whole) const noexcept;
  std::string text() const;
};

/// "25%", or a number of bytes with k, M or G (powers of 1,000), each with or without B: "80MB". Why it is none, "" if it is one.
std::string read_wanted_size(const std::string& text, WantedSize& out);
/// Several, with commas between.
std::string read_wanted_sizes(const std::string& text, std::vector<WantedSize>& out);
/// A percentage alone, above 0 and below 100, as a share.
std::string read_percentage(const std::string& text, double& share);

/// The steps of a mix with commas between, each from 0 to 1000.
std::string read_steps(const std::string& text, PruneMix& mix);

}  // namespace glissade::apps
