#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glissade {

struct ScoredConnection {
  std::uint32_t id;
  float score;
  bool operator==(const ScoredConnection&) const = default;
};

/// Leaves the `most` of highest score, of equal ones those of the smaller ids, in no certain order.
void keep_best(std::vector<ScoredConnection>& all, std::size_t most);

/// One change of a row. `there`: its connections, scored; becomes those that stay. `candidates`: connections that it lacks,
/// scored; becomes those that grow. `share` of the row's connections grow, if there are so many candidates; a row that has less
/// than `most` connections grows into the room first, and drops only what goes beyond.
void exchange(std::vector<ScoredConnection>& there, std::vector<ScoredConnection>& candidates, std::size_t most, double share);

}  // namespace glissade
