#pragma once

// What must hold for whatever a reader accepts or refuses, for tests that feed readers damaged input.

#include <glissade/views.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace glissade::datasets::testing {

inline bool sound(const SparseRows& rows, std::uint32_t count) {
  if (rows.offsets.empty() || rows.offsets.front() != 0 || rows.offsets.back() != rows.ids.size()) return false;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (rows.offsets[row] > rows.offsets[row + 1]) return false;
    const auto ids = rows.row_ids(row);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] >= count || (i > 0 && ids[i - 1] >= ids[i])) return false;
    }
  }
  for (const float value : rows.values) {
    if (!(value - value == 0)) return false;
  }
  return true;
}

inline bool sound(const DatasetView& view) {
  return view.features.rows() == view.labels.rows() && view.features.values.size() == view.features.ids.size() &&
         sound(view.features, view.feature_count) && sound(view.labels, view.label_count);
}

/// Printable ASCII, not endless.
inline bool one_line(const std::string& message) {
  if (message.empty() || message.size() > 400) return false;
  for (const char c : message) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

}  // namespace glissade::datasets::testing
