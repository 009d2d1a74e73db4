#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/search/coded_rows.h"
#include "engine/search/shortlist.h"

namespace glissade {

/// Blocks begin .. end - 1 of the codes.
struct BlockRange {
  std::size_t begin, end;
};

/// The lists that look best to a query, as ranges of blocks, ascending and apart. A block that two lists share is in it once.
class ProbedLists {
 public:
  const std::vector<BlockRange>& choose(const CodedRows& codes, const CodedRows::Lookup& lookup, std::size_t probes) {
    ranges_.clear();
    if (probes >= codes.lists()) {
      ranges_.push_back({0, codes.blocks()});
      return ranges_;
    }
    const std::size_t places = CodedRows::blocks_for(codes.lists()) * simd::kSketchRows;
    sums_.resize(places);
    places_.resize(places);
    const simd::Kernels& kernels = simd::kernels();
    kernels.sketch_sums(codes.list_codes(), places / simd::kSketchRows, codes.bytes_per_row(), lookup.tables.data(),
                        sums_.data());
    best_.start(probes, codes.most_sum());
    best_.add(kernels, 0, sums_.data(), codes.lists(), places_);
    for (const std::uint32_t list : best_.finish()) add(codes.list_begin()[list], codes.list_begin()[list + 1]);
    return ranges_;
  }

 private:
  void add(std::size_t first_place, std::size_t last_place) {
    if (first_place == last_place) return;
    const std::size_t begin = first_place / simd::kSketchRows, end = CodedRows::blocks_for(last_place);
    if (!ranges_.empty() && begin <= ranges_.back().end) {
      ranges_.back().end = std::max(ranges_.back().end, end);
    } else {
      ranges_.push_back({begin, end});
    }
  }

  Shortlist best_;
  std::vector<std::uint16_t> sums_;
  std::vector<std::uint32_t> places_;
  std::vector<BlockRange> ranges_;
};

}  // namespace glissade
