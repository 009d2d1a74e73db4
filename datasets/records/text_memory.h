#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace glissade::datasets {

/// Room for texts that do not stand in a file as they are. What was taken does not move until clear(), which keeps the memory.
class TextMemory {
 public:
  char* take(std::size_t bytes) {
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < bytes) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
      const std::size_t size = std::max(bytes, kChunk);
      chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    }
    char* const place = chunks_[chunk_].bytes.get() + used_;
    used_ += bytes;
    return place;
  }
  /// Gives the last `bytes` of what was taken last back.
  void give_back(std::size_t bytes) noexcept { used_ -= bytes; }
  void clear() noexcept { chunk_ = used_ = 0; }

 private:
  static constexpr std::size_t kChunk = std::size_t{1} << 18;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;  ///< the one that is being filled
  std::size_t used_ = 0;   ///< of it
};

}  // namespace glissade::datasets
