#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

namespace glissade {

/// Rows of events that are kept for a while, as they came, with their vectors where they have some.
class EventRows {
 public:
  std::size_t size() const noexcept { return feature_offsets_.size() - 1; }
  void add(const DatasetView& events, std::size_t row);
  void clear();
  /// Valid until rows are added or cleared. All values are explicit.
  DatasetView view(std::uint32_t features, std::uint32_t labels) const noexcept;

 private:
  std::vector<std::uint64_t> feature_offsets_{0}, label_offsets_{0};
  std::vector<std::uint32_t> feature_ids_, label_ids_;
  std::vector<float> values_;
  std::uint32_t width_ = 0;  ///< of the vectors; 0: there are none
  std::vector<float> numbers_;
  std::vector<std::uint32_t> places_;  ///< of each row's vector
};

}  // namespace glissade
