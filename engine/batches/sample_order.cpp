#include "engine/batches/sample_order.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "engine/batches/window_reader.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

enum Stream : std::uint64_t { kBlockStream = 43, kWindowStream = 44, kPartStream = 45 };

}  // namespace

void shuffle(std::vector<std::uint32_t>& order, std::size_t samples, std::uint64_t seed) {
  order.resize(samples);
  std::iota(order.begin(), order.end(), 0u);
  hashing::Random random(seed);
  for (std::size_t i = samples; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
}

void shuffle_in_blocks(std::vector<std::uint32_t>& order, std::size_t samples, std::size_t block, std::uint64_t seed) {
  if (block == 0 || samples <= block) return shuffle(order, samples, seed);
  std::vector<std::uint32_t> blocks;
  shuffle(blocks, (samples + block - 1) / block, hashing::derive(seed, kBlockStream));
  order.clear();
  order.reserve(samples);
  hashing::Random random(hashing::derive(seed, kWindowStream));
  for (std::size_t first = 0; first < blocks.size(); first += kBlocksPerWindow) {
    const std::size_t window = order.size();
    for (std::size_t b = first; b < std::min(blocks.size(), first + kBlocksPerWindow); ++b) {
      const std::size_t begin = blocks[b] * block;
      for (std::size_t row = begin; row < std::min(samples, begin + block); ++row)
        order.push_back(static_cast<std::uint32_t>(row));
    }
    for (std::size_t i = order.size() - window; i > 1; --i) std::swap(order[window + i - 1], order[window + random.below(i)]);
  }
}

void deal_to_parts(std::vector<std::uint32_t>& order, std::size_t block, std::size_t step, std::size_t part, std::uint64_t seed) {
  const std::size_t parts = (step + part - 1) / part;
  if (block == 0 || parts <= 1) return;
  hashing::Random random(hashing::derive(seed, kPartStream));
  std::vector<std::vector<std::uint32_t>> positions(parts);
  std::vector<std::uint32_t> rows, place_of_block;
  std::size_t begin = 0;
  for (const OrderWindow& window : windows_of(order, block)) {
    for (auto& its : positions) its.clear();
    for (std::size_t at = begin; at < window.end; ++at) positions[at % step / part].push_back(static_cast<std::uint32_t>(at));
    rows.assign(order.begin() + static_cast<std::ptrdiff_t>(begin), order.begin() + static_cast<std::ptrdiff_t>(window.end));
    for (std::uint32_t i = 0; i < window.blocks.size(); ++i) {
      if (window.blocks[i] >= place_of_block.size()) place_of_block.resize(window.blocks[i] + 1);
      place_of_block[window.blocks[i]] = i;
    }
    std::ranges::stable_sort(rows, {}, [&](std::uint32_t row) { return place_of_block[row / block]; });
    std::size_t taken = 0;
    for (const auto& its : positions) {
      const std::span<std::uint32_t> share = std::span(rows).subspan(taken, its.size());
      for (std::size_t i = share.size(); i > 1; --i) std::swap(share[i - 1], share[random.below(i)]);
      for (std::size_t i = 0; i < its.size(); ++i) order[its[i]] = share[i];
      taken += its.size();
    }
    begin = window.end;
  }
}

void group_by_code(std::vector<std::uint32_t>& order, const std::vector<std::uint32_t>& codes, std::uint32_t bits,
                   std::size_t group, std::uint64_t seed) {
  std::vector<std::uint32_t> ends((std::size_t{1} << bits) + 1, 0);
  for (const std::uint32_t sample : order) ++ends[codes[sample] + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<std::uint32_t> sorted(order.size());
  for (const std::uint32_t sample : order) sorted[ends[codes[sample]]++] = sample;
  std::vector<std::uint32_t> groups;
  shuffle(groups, (order.size() + group - 1) / group, seed);
  auto out = order.begin();
  for (const std::uint32_t g : groups) {
    const auto begin = sorted.begin() + static_cast<std::ptrdiff_t>(g * group);
    out = std::copy_n(begin, std::min(static_cast<std::ptrdiff_t>(group), sorted.end() - begin), out);
  }
}

}  // namespace glissade
