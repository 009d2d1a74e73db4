#include "datasets/split.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <glissade/owned_rows.h>

#include "datasets/split_cache.h"
#include "hashing/seeds.h"

namespace glissade::datasets {
namespace {

constexpr std::uint64_t kHoldOutStream = 0x686f6c646f757431ull;

std::uint64_t held_rows(std::uint64_t rows, double fraction) {
  // A NaN compares false with everything and becomes 0.
  const double share = fraction > 0 ? std::min(fraction, 1.0) : 0.0;
  return std::min(rows, static_cast<std::uint64_t>(std::llround(share * static_cast<double>(rows))));
}

/// Marks exactly `held` of the rows, each subset equally likely (selection sampling, Knuth volume 2, algorithm 3.4.2 S).
std::vector<bool> choose(std::uint64_t rows, std::uint64_t held, std::uint64_t seed) {
  hashing::Random random(hashing::derive(seed, kHoldOutStream));
  std::vector<bool> chosen(rows);
  for (std::uint64_t row = 0; row < rows && held > 0; ++row) {
    if (random.below(rows - row) >= held) continue;
    chosen[row] = true;
    --held;
  }
  return chosen;
}

/// Whole groups in an order drawn from the seed, without those that would lead away from `held` rows.
std::vector<bool> choose_groups(std::span<const std::uint64_t> groups, std::uint64_t held, std::uint64_t seed) {
  struct Place {
    std::uint64_t order, group;
    std::size_t row;
    auto operator<=>(const Place&) const = default;  // NOLINT(modernize-use-nullptr): of clang-tidy 14's own making
  };
  std::vector<Place> places(groups.size());
  for (std::size_t row = 0; row < places.size(); ++row)
    places[row] = {hashing::derive(seed, kHoldOutStream, groups[row]), groups[row], row};
  std::ranges::sort(places);
  std::vector<bool> chosen(groups.size());
  std::uint64_t taken = 0;
  for (std::size_t begin = 0, end = 0; begin < places.size() && taken < held; begin = end) {
    while (end < places.size() && places[end].group == places[begin].group) ++end;
    if (end - begin >= 2 * (held - taken)) continue;
    for (std::size_t i = begin; i < end; ++i) chosen[places[i].row] = true;
    taken += end - begin;
  }
  return chosen;
}

}  // namespace

std::vector<bool> held_out_rows(std::uint64_t rows, double fraction, std::uint64_t seed, std::span<const std::uint64_t> groups) {
  if (!groups.empty()) return choose_groups(groups, held_rows(rows, fraction), seed);
  return choose(rows, held_rows(rows, fraction), seed);
}

Dataset select_rows(const DatasetView& view, const std::vector<bool>& chosen, const ReadFacts& facts) {
  return Dataset(copy_rows(view, chosen), facts);
}

Dataset select_rows(const Dataset& data, const std::vector<bool>& chosen) {
  if (auto selected = select_in_cache(data, chosen)) return std::move(*selected);
  return select_rows(data.view(), chosen, data.facts());
}

std::pair<Dataset, Dataset> hold_out(const DatasetView& view, double fraction, std::uint64_t seed, const ReadFacts& facts,
                                     std::span<const std::uint64_t> groups) {
  const std::vector<bool> chosen = held_out_rows(view.size(), fraction, seed, groups);
  return {Dataset(copy_rows(view, chosen, false), facts), Dataset(copy_rows(view, chosen), facts)};
}

std::pair<Dataset, Dataset> hold_out(const Dataset& data, double fraction, std::uint64_t seed,
                                     std::span<const std::uint64_t> groups) {
  if (auto parts = hold_out_in_cache(data, fraction, seed, groups)) return std::move(*parts);
  return hold_out(data.view(), fraction, seed, data.facts(), groups);
}

}  // namespace glissade::datasets
