#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

namespace glissade {

/// For each label, the samples that have it, ascending.
struct LabelSamples {
  std::vector<std::uint64_t> begins;  ///< [labels + 1]
  std::vector<std::uint32_t> samples;

  std::span<const std::uint32_t> of(std::size_t label) const noexcept {
    return std::span(samples).subspan(begins[label], begins[label + 1] - begins[label]);
  }
};

LabelSamples samples_by_label(const DatasetView& data, std::size_t labels);

}  // namespace glissade
