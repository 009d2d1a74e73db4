#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glissade {

/// Words that are kept until they are looked up together. Allocates nothing once it has held as many.
class WordBatch {
 public:
  void clear() noexcept {
    text_.clear();
    ends_.clear();
    parts_.clear();
    whole_ = 0;
  }
  /// `part`: of words that are added as well.
  void add(std::string_view word, bool part) {
    text_ += word;
    ends_.push_back(text_.size());
    parts_.push_back(part ? 1 : 0);
    whole_ += part ? 0 : 1;
  }
  /// Words that are no parts.
  std::size_t whole() const noexcept { return whole_; }
  bool is_part(std::size_t i) const noexcept { return parts_[i] != 0; }
  /// They stay valid until the batch changes.
  std::span<const std::string_view> words() {
    words_.clear();
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      words_.emplace_back(text_.data() + begin, end - begin);
      begin = end;
    }
    return words_;
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint8_t> parts_;
  std::size_t whole_ = 0;
  std::vector<std::string_view> words_;
};

}  // namespace glissade
