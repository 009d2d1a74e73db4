#include "engine/parameters/block_changes.h"

#include <algorithm>

namespace glissade {

using When = TopologyPolicy::When;

BlockChanges::BlockChanges(ParameterRows& rows) : rows_(rows), gradients_(rows.patterns()) {}

/// A row that is whole waits for its first gradient that is not 0. Others count their gradients, and what was counted before this
/// step says whether they are due.
bool BlockChanges::is_due(const RowChanges& changes, std::size_t row, const float* gradient) {
  if (rows_.is_whole(row)) return std::any_of(gradient, gradient + rows_.width(), [](float g) { return g != 0; });
  if (changes.policy.when != When::repeatedly || changes.share <= 0) return false;
  changes.remember(rows_, row, gradient);
  const std::size_t pattern = rows_.pattern_of(row);
  gradients_[pattern].fetch_add(1, std::memory_order_relaxed);
  return rows_.connection_steps[pattern] > std::uint64_t{changes.period} * rows_.block();
}

bool BlockChanges::take(const RowChanges& changes, std::size_t row, const float* gradient) {
  if (changes.policy.when == When::never || !is_due(changes, row, gradient)) return false;
  kept_.push_back({static_cast<std::uint32_t>(row), {gradient, gradient + rows_.width()}});
  return true;
}

void BlockChanges::finish(const RowChanges& changes, const std::function<void(std::uint32_t, float)>& on_dropped) {
  if (changes.policy.when == When::never) return;
  if (order_.size() != rows_.rows()) {
    order_.resize(rows_.rows());
    for (std::uint32_t row = 0; row < order_.size(); ++row) order_[rows_.places[row]] = row;
  }
  for (std::size_t i = 0; i < gradients_.size(); ++i) rows_.connection_steps[i] += gradients_[i].exchange(0);
  std::ranges::sort(kept_, {}, [this](const Kept& kept) { return rows_.places[kept.row]; });
  for (auto begin = kept_.cbegin(), end = begin; begin != kept_.cend(); begin = end) {
    const std::size_t pattern = rows_.pattern_of(begin->row);
    end = std::find_if(begin, kept_.cend(), [&](const Kept& kept) { return rows_.pattern_of(kept.row) != pattern; });
    change(changes, pattern, begin, end, on_dropped);
  }
  kept_.clear();
}

/// The count begins anew at 1: 0 is that of a row that is whole.
void BlockChanges::change(const RowChanges& changes, std::size_t pattern, KeptRows::const_iterator kept,
                          KeptRows::const_iterator kept_end, const std::function<void(std::uint32_t, float)>& on_dropped) {
  const std::size_t begin = pattern * rows_.block(), end = std::min(begin + rows_.block(), rows_.rows());
  std::vector<ChangedRow> changed;
  for (std::size_t place = begin; place < end; ++place) changed.push_back({order_[place], nullptr});
  for (; kept != kept_end; ++kept) changed[rows_.places[kept->row] - begin].gradient = kept->gradient.data();
  changes.change(rows_, pattern, changed, on_dropped);
  rows_.connection_steps[pattern] = 1;
}

}  // namespace glissade
