#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/candidates/extra_rows.h"

namespace glissade {

/// Samples that came after a model was trained, with their labels. One thread adds; any number of threads read meanwhile what was
/// there when they were told how many there are. What is there never moves and never changes.
class FreshSamples {
 public:
  FreshSamples() = default;
  FreshSamples(const FreshSamples&) = delete;
  FreshSamples& operator=(const FreshSamples&) = delete;

  /// By one thread at a time. `ids` ascending. Throws std::bad_alloc, and then holds what it held.
  void add(std::span<const std::uint32_t> ids, std::span<const std::uint16_t> values, std::span<const std::uint32_t> labels);

  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  SparseRowView row(std::size_t i) const noexcept {
    const Sample& sample = at(i);
    return {{sample.ids, sample.entries}, {sample.values, sample.entries}};
  }
  std::span<const std::uint32_t> labels(std::size_t i) const noexcept {
    const Sample& sample = at(i);
    return {sample.labels, sample.label_count};
  }
  std::size_t memory_bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kBlock = 4096;  ///< samples
  static constexpr std::size_t kBlocks = 1 << 16;
  static constexpr std::size_t kEntries = std::size_t{1} << 18;  ///< bytes of a block of ids, labels and values

  struct Sample {
    const std::uint32_t* ids;
    const std::uint16_t* values;
    const std::uint32_t* labels;
    std::uint32_t entries, label_count;
  };
  using Block = std::array<Sample, kBlock>;

  const Sample& at(std::size_t i) const noexcept { return (*blocks_[i / kBlock].load(std::memory_order_acquire))[i % kBlock]; }
  std::byte* room_for(std::size_t bytes);

  std::vector<std::atomic<Block*>> blocks_ = std::vector<std::atomic<Block*>>(kBlocks);
  std::vector<std::unique_ptr<Block>> owned_blocks_;
  std::vector<std::unique_ptr<std::byte[]>> owned_bytes_;
  std::size_t room_ = 0;  ///< bytes left in the last of owned_bytes_
  std::byte* next_ = nullptr;
  std::atomic<std::size_t> size_ = 0, bytes_ = 0;
};

}  // namespace glissade
