#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/row_lookup.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/candidates/spread_sample.h"
#include "simd/kernels.h"

namespace glissade {

/// What a sample and the rows of some labels have in common: the places within a row, one label after another, those of labels[c]
/// up to ends[c]. Calls met(j) for each, j being its place in the matrix, to ask for what will be needed there.
template <class Met>
void find_matches(const SpreadSample& sample, const SparseMatrix& rows, std::span<const std::uint32_t> labels,
                  std::vector<std::uint32_t>& places, std::vector<std::size_t>& ends, const Met& met) {
  constexpr std::size_t kAhead = 3;
  const simd::Kernels& kernels = simd::kernels();
  const std::span<const std::uint32_t> features = sample.ids();
  ends.resize(labels.size());
  std::size_t matched = 0;
  for (std::size_t c = 0; c < std::min(kAhead, labels.size()); ++c) ask_for_ids(rows, labels[c]);
  for (std::size_t c = 0; c < labels.size(); ++c) {
    if (c + kAhead < labels.size()) ask_for_ids(rows, labels[c + kAhead]);
    const std::uint64_t at = rows.offsets[labels[c]], size = rows.offsets[labels[c] + 1] - at;
    const std::size_t room = matched + std::max<std::size_t>(size, features.size()) + simd::kMatchRoom;
    if (places.size() < room) places.resize(2 * room);
    std::uint32_t* const to = places.data() + matched;
    const std::uint32_t* const ids = rows.ids.data() + at;
    const std::size_t first = matched;
    matched += lookup_pays(features.size(), size) ? look_up(features, ids, size, to)
                                                  : kernels.sparse_matches(sample.data(), ids, size, to);
    for (std::size_t i = first; i < matched; ++i) met(at + places[i]);
    ends[c] = matched;
  }
}

}  // namespace glissade
