#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/samplers/active_set.h"
#include "hashing/query.h"

namespace glissade {

/// For each sample of a group the rows that suit it, best first: `depth` places each, empty ones (kNoRow) last.
struct RankedRows {
  static constexpr std::uint32_t kNoRow = 0xffffffffu;
  std::span<const std::uint32_t> ids;  ///< [sample * depth + rank]
  std::size_t depth;
};

/// Appends the best of every sample, then the second best of every sample, and so on, until `quota` rows that were not in `seen`
/// are added: a short quota is shared evenly. Within a rank it starts at sample `start`. taken(place) hears of each row added.
template <class Taken>
void add_by_rank(const RankedRows& rows, std::size_t quota, std::size_t start, hashing::StampSet& seen, ActiveSet& out,
                 const Taken& taken) {
  const std::size_t samples = rows.ids.size() / rows.depth;
  const std::size_t until = out.ids.size() + quota;
  for (std::size_t rank = 0; rank < rows.depth; ++rank) {
    for (std::size_t i = 0; i < samples && out.ids.size() < until; ++i) {
      const std::size_t place = (start + i) % samples * rows.depth + rank;
      const std::uint32_t id = rows.ids[place];
      if (id == RankedRows::kNoRow || !seen.insert(id)) continue;
      out.ids.push_back(id);
      taken(place);
    }
  }
}

/// How many of each sample's best a group looks at to fill `quota` rows: twice its share, since the samples of a batch want many
/// of the same rows.
constexpr std::size_t rank_depth(std::size_t quota, std::size_t samples) noexcept {
  constexpr std::size_t kLeast = 8;
  const std::size_t share = samples == 0 ? 0 : 2 * ((quota + samples - 1) / samples);
  return samples == 1 ? quota : (share > kLeast ? share : kLeast);
}

}  // namespace glissade
