#pragma once

#include <glissade/result.h>
#include <glissade/views.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glissade::datasets {

/// What a model learned at once: names of features and labels that were added behind the others, then events, with their vectors
/// where the model takes some.
struct LearnedEvents {
  std::vector<std::string> new_features;
  std::vector<std::string> new_labels;
  std::vector<std::uint64_t> feature_offsets = {0};
  std::vector<std::uint32_t> feature_ids;
  std::vector<float> feature_values;
  std::vector<std::uint64_t> label_offsets = {0};
  std::vector<std::uint32_t> label_ids;
  std::uint32_t vector_width = 0;  ///< 0: there are none
  std::vector<float> vectors;      ///< [events x vector_width]

  std::size_t size() const noexcept { return feature_offsets.size() - 1; }
  SparseRows features() const noexcept { return {feature_offsets, feature_ids, feature_values}; }
  SparseRows labels() const noexcept { return {label_offsets, label_ids, {}}; }
  DenseRows vector_rows() const noexcept { return {vectors.data(), vector_width, vector_width, size()}; }
  friend bool operator==(const LearnedEvents&, const LearnedEvents&) = default;
};

/// As bytes, for a Journal; the machine's own byte order.
std::string to_bytes(const LearnedEvents& events);
/// Back. An error where they are no such bytes, whatever they are; ids may be any.
Result<LearnedEvents> learned_events(std::string_view bytes);

}  // namespace glissade::datasets
