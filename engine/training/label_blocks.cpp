#include "engine/training/label_blocks.h"

#include "engine/search/row_lists.h"
#include "engine/search/scaled_rows.h"

namespace glissade {

std::vector<std::uint32_t> similar_side_by_side(const ParameterRows& rows, std::size_t block, WorkMonitor& monitor) {
  const Activations none;
  return cluster_rows(ScaledRows(rows, none, 0), (rows.rows() + block - 1) / block, monitor).order;
}

}  // namespace glissade
