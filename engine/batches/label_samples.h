#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

namespace glissade {

/// For each label, where in the list of samples those stand that have it.
struct LabelSamples {
  std::vector<std::uint64_t> begins;  ///< [labels + 1]
  std::vector<std::uint32_t> samples;

  std::span<const std::uint32_t> of(std::size_t label) const noexcept {
    return std::span(samples).subspan(begins[label], begins[label + 1] - begins[label]);
  }
};

/// `rows`: the samples of `data` to look at.
LabelSamples samples_by_label(const DatasetView& data, std::span<const std::uint32_t> rows, std::size_t labels);

}  // namespace glissade
