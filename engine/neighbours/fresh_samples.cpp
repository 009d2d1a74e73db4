#include "engine/neighbours/fresh_samples.h"

#include <algorithm>
#include <cstring>

namespace glissade {

/// Aligned for ids.
std::byte* FreshSamples::room_for(std::size_t bytes) {
  bytes = (bytes + alignof(std::uint32_t) - 1) / alignof(std::uint32_t) * alignof(std::uint32_t);
  if (bytes > room_) {
    const std::size_t size = std::max(bytes, kEntries);
    owned_bytes_.push_back(std::make_unique<std::byte[]>(size));
    bytes_.fetch_add(size, std::memory_order_relaxed);
    next_ = owned_bytes_.back().get();
    room_ = size;
  }
  std::byte* const at = next_;
  next_ += bytes;
  room_ -= bytes;
  return at;
}

void FreshSamples::add(std::span<const std::uint32_t> ids, std::span<const std::uint16_t> values,
                       std::span<const std::uint32_t> labels) {
  const std::size_t at = size_.load(std::memory_order_relaxed);
  if (at / kBlock >= kBlocks) throw std::bad_alloc();
  if (at % kBlock == 0 && owned_blocks_.size() == at / kBlock) {
    owned_blocks_.push_back(std::make_unique<Block>());
    bytes_.fetch_add(sizeof(Block), std::memory_order_relaxed);
    blocks_[at / kBlock].store(owned_blocks_.back().get(), std::memory_order_release);
  }
  const auto copy = [&]<class T>(std::span<const T> from) {
    auto* const to = reinterpret_cast<T*>(room_for(from.size_bytes()));
    std::ranges::copy(from, to);
    return static_cast<const T*>(to);
  };
  const std::uint32_t* const own_ids = copy(ids);
  const std::uint32_t* const own_labels = copy(labels);
  const std::uint16_t* const own_values = copy(values);
  (*owned_blocks_[at / kBlock])[at % kBlock] = {own_ids, own_values, own_labels, static_cast<std::uint32_t>(ids.size()),
                                                static_cast<std::uint32_t>(labels.size())};
  size_.store(at + 1, std::memory_order_release);
}

}  // namespace glissade
