#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace glissade {

/// Memory for the words of one record: what it has given stays where it is until clear(). Asks for no more memory once it has
/// held as much.
class WordArena {
 public:
  void clear() noexcept {
    chunk_ = 0;
    used_ = 0;
  }
  char* take(std::size_t bytes) {
    if (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ >= bytes) return place(bytes);
    return place_elsewhere(bytes);
  }
  std::string_view keep(std::string_view text) {
    char* const place = take(text.size());
    std::copy_n(text.data(), text.size(), place);
    return {place, text.size()};
  }

 private:
  static constexpr std::size_t kLeast = std::size_t{1} << 14;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };

  char* place(std::size_t bytes) noexcept {
    char* const at = chunks_[chunk_].bytes.get() + used_;
    used_ += bytes;
    return at;
  }
  char* place_elsewhere(std::size_t bytes) {
    used_ = 0;
    if (chunk_ < chunks_.size()) ++chunk_;
    while (chunk_ < chunks_.size() && chunks_[chunk_].size < bytes) ++chunk_;
    if (chunk_ == chunks_.size()) {
      const std::size_t size = std::max({kLeast, bytes, chunks_.empty() ? 0 : 2 * chunks_.back().size});
      chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    }
    return place(bytes);
  }

  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0, used_ = 0;  ///< the chunk that is being filled, and how far
};

}  // namespace glissade
