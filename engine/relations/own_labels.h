#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace glissade {

/// The labels that a sample's own features are, which exclude-input leaves out: the labels of the same ids, or those that a table
/// names where the same things have other ids. Does not own the table.
class OwnLabels {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffu;

  /// `feature_labels`: by feature its label or kNone; empty: the label of its id.
  OwnLabels(std::span<const std::uint32_t> feature_labels, std::size_t labels) noexcept
      : feature_labels_(feature_labels), labels_(labels) {}

  bool has_table() const noexcept { return !feature_labels_.empty(); }
  /// kNone if `feature` is no label.
  std::uint32_t label_of(std::uint32_t feature) const noexcept {
    if (!feature_labels_.empty()) return feature < feature_labels_.size() ? feature_labels_[feature] : kNone;
    return feature < labels_ ? feature : kNone;
  }
  /// Calls visit(label) for each.
  template <class Visit>
  void visit(std::span<const std::uint32_t> features, const Visit& visit) const {
    for (const std::uint32_t feature : features) {
      if (const std::uint32_t label = label_of(feature); label != kNone) visit(label);
    }
  }
  std::size_t count(std::span<const std::uint32_t> features) const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(features, [&](std::uint32_t feature) { return label_of(feature) != kNone; }));
  }

 private:
  std::span<const std::uint32_t> feature_labels_;
  std::size_t labels_;
};

}  // namespace glissade
