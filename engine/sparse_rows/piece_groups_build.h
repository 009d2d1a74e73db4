#pragma once

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include "engine/sparse_rows/piece_groups.h"

namespace glissade {

template <class Rows, class Label>
void PieceGroups::build(std::size_t blocks, const Rows& rows, const Label& label) {
  ranges_.resize(static_cast<std::size_t>(tbb::this_task_arena::max_concurrency()));
  const auto begin_of = [&](std::size_t range) { return ends_.size() * range / ranges_.size(); };
  tbb::parallel_for(std::size_t{0}, ranges_.size(), [&](std::size_t number) {
    Range& range = ranges_[number];
    const std::size_t first = begin_of(number), end = begin_of(number + 1);
    const auto for_own = [&](const auto& use) {
      for (std::uint32_t block = 0; block < blocks; ++block) {
        for (std::uint32_t row = 0; row < rows(block); ++row) {
          const std::uint32_t one = label(block, row);
          if (one >= first && one < end) use(one, Piece{block, row});
        }
      }
    };
    range.labels.clear();
    for_own([&](std::uint32_t one, const Piece&) {
      if (ends_[one]++ == 0) range.labels.push_back(one);
    });
    range.begins.clear();
    std::uint32_t at = 0;
    for (const std::uint32_t one : range.labels) {
      range.begins.push_back(at);
      at += ends_[one];
      ends_[one] = range.begins.back();
    }
    range.begins.push_back(at);
    range.pieces.resize(at);
    for_own([&](std::uint32_t one, const Piece& piece) { range.pieces[ends_[one]++] = piece; });
    for (const std::uint32_t one : range.labels) ends_[one] = 0;
  });
}

template <class Visit>
void PieceGroups::for_each(const Visit& visit) const {
  tbb::parallel_for(std::size_t{0}, ranges_.size(), [&](std::size_t number) {
    const Range& range = ranges_[number];
    tbb::parallel_for(std::size_t{0}, range.labels.size(), [&](std::size_t i) {
      visit(range.labels[i], std::span(range.pieces).subspan(range.begins[i], range.begins[i + 1] - range.begins[i]));
    });
  });
}

}  // namespace glissade
