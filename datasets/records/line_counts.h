#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace glissade::datasets {

/// Newlines in a text.
std::uint64_t newlines(std::string_view text) noexcept;

/// How many lines of a file stand before each of its blocks. Counted when first asked for, because only messages need it.
class LineCounts {
 public:
  /// `starts` of the blocks in `text`, ascending.
  LineCounts(std::string_view text, std::vector<std::size_t> starts) : text_(text), starts_(std::move(starts)) {}
  /// Thread-safe.
  std::uint64_t before(std::size_t block) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
  mutable std::once_flag once_;
  mutable std::vector<std::uint64_t> lines_;
};

/// The lines before one block: known, or counted when asked for.
class LinesBefore {
 public:
  LinesBefore() = default;
  explicit LinesBefore(std::uint64_t lines) noexcept : lines_(lines) {}
  LinesBefore(std::shared_ptr<const LineCounts> counts, std::size_t block) noexcept : counts_(std::move(counts)), block_(block) {}
  std::uint64_t lines() const { return counts_ != nullptr ? counts_->before(block_) : lines_; }

 private:
  std::shared_ptr<const LineCounts> counts_;
  std::size_t block_ = 0;
  std::uint64_t lines_ = 0;
};

}  // namespace glissade::datasets
