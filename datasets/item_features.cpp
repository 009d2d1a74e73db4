#include "datasets/item_features.h"

#include <cmath>

namespace glissade::datasets {

void weigh(ItemFeatures& counts, std::span<const std::uint32_t> counted, std::size_t rows) {
  for (std::size_t row = 0; row < counts.rows(); ++row) {
    double squares = 0;
    for (std::uint64_t i = counts.offsets[row]; i < counts.offsets[row + 1]; ++i) {
      const double rare = std::log((1.0 + static_cast<double>(rows)) / (1.0 + counted[counts.ids[i]])) + 1;
      const double value = (1 + std::log(static_cast<double>(counts.values[i]))) * rare;
      counts.values[i] = static_cast<float>(value);
      squares += value * value;
    }
    for (std::uint64_t i = counts.offsets[row]; i < counts.offsets[row + 1]; ++i)
      counts.values[i] = static_cast<float>(counts.values[i] / std::sqrt(squares));
  }
}

}  // namespace glissade::datasets
