#include "engine/topology/exchange.h"

#include <algorithm>
#include <cmath>

namespace glissade {

namespace {

bool is_better(const ScoredConnection& a, const ScoredConnection& b) noexcept {
  return a.score != b.score ? a.score > b.score : a.id < b.id;
}

}  // namespace

void keep_best(std::vector<ScoredConnection>& all, std::size_t most) {
  if (all.size() <= most) return;
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most), all.end(), is_better);
  all.resize(most);
}

void exchange(std::vector<ScoredConnection>& there, std::vector<ScoredConnection>& candidates, std::size_t most, double share) {
  const auto moved = static_cast<std::size_t>(std::lround(share * static_cast<double>(there.size())));
  const std::size_t places = std::min(most, there.size() + moved);
  keep_best(candidates, std::min(moved, most));
  keep_best(there, places - std::min(places, candidates.size()));
}

}  // namespace glissade
