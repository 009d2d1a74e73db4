#pragma once

#include <glissade/config.h>

namespace glissade {

/// Whether the options ask for labels' sparse rows or for neighbours, paths that propose candidates beside the hidden one.
inline bool uses_sparse_paths(const Config& config) noexcept {
  return config.sparse_rows.fan_in != 0 || config.candidates.neighbours != 0;
}

}  // namespace glissade
