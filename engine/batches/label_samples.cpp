#include "engine/batches/label_samples.h"

#include <numeric>

namespace glissade {

LabelSamples samples_by_label(const DatasetView& data, std::span<const std::uint32_t> rows, std::size_t labels) {
  LabelSamples by_label;
  by_label.begins.assign(labels + 1, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const std::uint32_t label : data.labels.row_ids(rows[i])) ++by_label.begins[label + 1];
  }
  std::partial_sum(by_label.begins.begin(), by_label.begins.end(), by_label.begins.begin());
  by_label.samples.resize(by_label.begins.back());
  std::vector<std::uint64_t> next(by_label.begins.begin(), by_label.begins.end() - 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const std::uint32_t label : data.labels.row_ids(rows[i]))
      by_label.samples[next[label]++] = static_cast<std::uint32_t>(i);
  }
  return by_label;
}

}  // namespace glissade
