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
  }
  void add(std::string_view word) {
    text_ += word;
    ends_.push_back(text_.size());
  }
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
  std::vector<std::string_view> words_;
};

}  // namespace glissade
