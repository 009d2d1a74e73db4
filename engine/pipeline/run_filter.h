#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline/name_table.h"

namespace glissade {

/// Which runs of words are features. Of a run of three words or more all shorter runs within it are in the filter, too, so most
/// words of a text are told by a bit that no run ends there. Immutable once filled; const members are thread-safe.
class RunFilter {
 public:
  static constexpr std::size_t kLongest = 4;  ///< words

  /// Runs of words with a space between them, each of two words or more, and the runs within them.
  void add(std::string_view run);
  /// After the last add().
  void finish();

  bool empty() const noexcept { return runs_.size() == 0; }
  /// Whether a run may end with two words of these hashes.
  bool may_end(std::uint64_t before, std::uint64_t last) const noexcept {
    const std::uint64_t at = pair(before, last) & mask_;
    return !bits_.empty() && ((bits_[at >> 6] >> (at & 63)) & 1) != 0;
  }
  /// numbers[i] becomes WordTable::kNone where the filter lacks runs[i].
  void find(std::span<const hashing::HashedWord> runs, std::uint32_t* numbers) const noexcept { runs_.find(runs, numbers); }

 private:
  static std::uint64_t pair(std::uint64_t before, std::uint64_t last) noexcept { return (before * 0x9e3779b97f4a7c15ull) ^ last; }

  NameTable runs_;
  std::vector<std::uint64_t> pairs_;  ///< of the runs' last two words
  std::vector<std::uint64_t> bits_;
  std::uint64_t mask_ = 0;
};

}  // namespace glissade
