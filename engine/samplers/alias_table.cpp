#include "engine/samplers/alias_table.h"

#include <cmath>

namespace glissade {

AliasTable::AliasTable(std::span<const std::uint32_t> counts, double power)
    : slots_(counts.size()), probabilities_(counts.size()) {
  const std::size_t size = counts.size();
  std::vector<double> scaled(size);  // 1 on average
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += scaled[i] = std::pow(counts[i] + 1.0, power);
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t i = 0; i < size; ++i) {
    probabilities_[i] = static_cast<float>(scaled[i] / sum);
    scaled[i] *= static_cast<double>(size) / sum;
    (scaled[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t poor = small.back(), rich = large.back();
    small.pop_back();
    slots_[poor] = {static_cast<float>(scaled[poor]), rich};
    scaled[rich] -= 1 - scaled[poor];
    if (scaled[rich] >= 1) continue;
    large.pop_back();
    small.push_back(rich);
  }
  // What rounding left over is full.
  for (const auto* rest : {&small, &large}) {
    for (const std::uint32_t i : *rest) slots_[i] = {1.f, i};
  }
}

}  // namespace glissade
