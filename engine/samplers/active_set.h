#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glissade {

/// The output rows that take part for one group of samples. First come the group's true labels, then retrieved rows, then drawn
/// ones. The first `exact` of them are counted as they are; the others stand for all rows left out: ids[exact + i] represents
/// exp(log_weights[i]) rows in the softmax's normaliser (log-q correction, Bengio & Senecal 2008) or in the BCE's sum.
struct ActiveSet {
  std::vector<std::uint32_t> ids;
  std::size_t labels = 0;
  std::size_t exact = 0;
  std::vector<float> log_weights;  ///< empty: all 0
  std::vector<float> inclusion;    ///< of retrieved rows ids[labels + i], where asked for: probability of being found
  bool everything = false;         ///< all rows in order; `ids` is then empty

  std::size_t size(std::size_t rows) const noexcept { return everything ? rows : ids.size(); }
  void clear() noexcept {
    ids.clear();
    labels = exact = 0;
    log_weights.clear();
    inclusion.clear();
    everything = false;
  }
};

}  // namespace glissade
