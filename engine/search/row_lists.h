#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/progress/work_monitor.h"
#include "engine/search/scaled_rows.h"

namespace glissade {

/// The output rows cut into lists of rows that are alike.
struct RowLists {
  std::vector<std::uint32_t> begin;  ///< of each list in `order`; one more: the rows
  std::vector<std::uint32_t> order;  ///< every row once, list after list, ascending within each
  std::size_t size() const noexcept { return begin.empty() ? 0 : begin.size() - 1; }
};

/// How many lists: their representatives and a few lists are to be about as much to read.
std::size_t lists_for(std::size_t rows) noexcept;

/// Clusters the rows, bias included, into about `lists` lists by k-means within k-means (as in a vocabulary tree, Nister and
/// Stewenius 2006): each level parts into at most 64. A function of the rows, for any number of threads. In parallel; about
/// 200 multiplications a weight. Of no use once `monitor` is stopped.
RowLists cluster_rows(const ScaledRows& rows, std::size_t lists, WorkMonitor& monitor);

}  // namespace glissade
