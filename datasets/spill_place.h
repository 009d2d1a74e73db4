#pragma once

#include <cstdint>
#include <string>

#include <glissade/result.h>

namespace glissade::datasets {

/// Where texts and rows go that are more than memory should hold.
struct SpillPlace {
  std::string folder = {};   ///< "" = nowhere: all stay in memory
  std::uint64_t memory = 0;  ///< bytes that stay in memory, of each text and of all rows; 0 = a quarter of what is available

  /// `memory`, or the quarter that 0 stands for; without a folder no bound.
  std::uint64_t bytes_in_memory() const;
};

/// What environment variable GLISSADE_READ_MEMORY says of SpillPlace::memory, such as "2G"; 0 where it is not set. Usage error if
/// it is no size.
Result<std::uint64_t> read_memory();

/// That `what` is more than memory should hold and `folder` cannot keep it, and why.
Error cannot_keep(const std::string& what, const std::string& folder, const std::string& why);

}  // namespace glissade::datasets
