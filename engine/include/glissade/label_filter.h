#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace glissade {

/// Which labels may be answers: all that are in stock, or all but those that a user has seen. One bit a label. Const members are
/// thread-safe.
class LabelFilter {
 public:
  /// Of `labels` labels either all may be answers, or none, until something else is said of some.
  static LabelFilter permitting_all(std::uint32_t labels) { return LabelFilter(labels, true); }
  static LabelFilter permitting_none(std::uint32_t labels) { return LabelFilter(labels, false); }

  /// A label, below labels(), that may be an answer, or may be none. Saying it twice changes nothing.
  void permit(std::uint32_t label) noexcept {
    permitted_ += permits(label) ? 0 : 1;
    words_[label / kBits] |= bit(label);
  }
  void forbid(std::uint32_t label) noexcept {
    permitted_ -= permits(label) ? 1 : 0;
    words_[label / kBits] &= ~bit(label);
  }

  bool permits(std::uint32_t label) const noexcept { return (words_[label / kBits] & bit(label)) != 0; }
  std::uint32_t labels() const noexcept { return labels_; }
  std::uint32_t permitted() const noexcept { return permitted_; }

  /// Forbids what `other` does not permit, and labels that it does not have. O(labels / 64), no allocation.
  void keep(const LabelFilter& other) noexcept {
    permitted_ = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
      permitted_ += static_cast<std::uint32_t>(std::popcount(words_[i]));
    }
  }

  /// The permitted labels, ascending. O(labels / 64 + permitted).
  std::vector<std::uint32_t> ids() const {
    std::vector<std::uint32_t> out;
    ids(out);
    return out;
  }
  /// The same into `out`, whose memory is used again.
  void ids(std::vector<std::uint32_t>& out) const {
    out.clear();
    out.reserve(permitted_);
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t rest = words_[i]; rest != 0; rest &= rest - 1)
        out.push_back(static_cast<std::uint32_t>(i * kBits) + static_cast<std::uint32_t>(std::countr_zero(rest)));
    }
  }

 private:
  static constexpr std::uint32_t kBits = 64;

  LabelFilter(std::uint32_t labels, bool permitted)
      : labels_(labels),
        permitted_(permitted ? labels : 0),
        words_((std::size_t{labels} + kBits - 1) / kBits, permitted ? ~0ull : 0) {
    if (permitted && labels % kBits != 0) words_.back() = bit(labels) - 1;
  }
  static std::uint64_t bit(std::uint32_t label) noexcept { return std::uint64_t{1} << label % kBits; }

  std::uint32_t labels_;
  std::uint32_t permitted_;
  std::vector<std::uint64_t> words_;  ///< bits behind the last label are 0
};

}  // namespace glissade
