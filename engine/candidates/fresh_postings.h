#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace glissade {

/// Entries that came to an inverted index after it was made: of each feature the rows that have it, in the order in which they
/// came. One thread adds; any number of threads read meanwhile, without a lock, up to the generation that they were told of.
/// What is there never moves and never changes.
class FreshPostings {
 public:
  struct Entry {
    std::uint32_t row;
    std::uint32_t generation;
    float value;
  };

  FreshPostings() = default;
  FreshPostings(const FreshPostings&) = delete;
  FreshPostings& operator=(const FreshPostings&) = delete;

  /// By one thread at a time. `generation` never falls. Throws std::bad_alloc, and then holds what it held.
  void add(std::uint32_t feature, const Entry& entry);

  /// Entries of a feature up to a generation.
  std::size_t count(std::uint32_t feature, std::uint32_t generation) const noexcept;
  /// The first `count` entries of a feature.
  template <class Visit>
  void visit(std::uint32_t feature, std::size_t count, const Visit& visit) const {
    for (const Chunk* chunk = first(feature); count != 0; chunk = chunk->next.load(std::memory_order_acquire)) {
      const std::size_t size = std::min<std::size_t>(count, chunk->capacity);
      for (std::size_t i = 0; i < size; ++i) visit(chunk->entries[i]);
      count -= size;
    }
  }

  std::size_t memory_bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kFirst = 4, kLargest = 1024;  ///< entries of a list's first chunk, and of its largest ones
  static constexpr std::size_t kBlock = 1 << 14;               ///< features of a block
  static constexpr std::size_t kBlocks = (std::size_t{1} << 32) / kBlock;

  struct Chunk {
    explicit Chunk(std::uint32_t room) : capacity(room), entries(new Entry[room]) {}
    const std::uint32_t capacity;
    std::atomic<std::uint32_t> size = 0;
    std::atomic<Chunk*> next = nullptr;
    std::unique_ptr<Entry[]> entries;
  };
  struct List {
    std::atomic<Chunk*> first = nullptr;
    Chunk* last = nullptr;  ///< for who adds
  };
  using Block = std::array<List, kBlock>;

  const Chunk* first(std::uint32_t feature) const noexcept {
    const Block* const block = blocks_[feature / kBlock].load(std::memory_order_acquire);
    return block == nullptr ? nullptr : (*block)[feature % kBlock].first.load(std::memory_order_acquire);
  }
  Chunk* new_chunk(std::uint32_t capacity);
  Block& block_of(std::uint32_t feature);

  std::vector<std::atomic<Block*>> blocks_ = std::vector<std::atomic<Block*>>(kBlocks);
  std::vector<std::unique_ptr<Block>> owned_blocks_;
  std::vector<std::unique_ptr<Chunk>> owned_chunks_;
  std::atomic<std::size_t> bytes_ = 0;
};

/// Fresh entries as somebody who reads them sees them: up to a generation.
struct FreshEntries {
  const FreshPostings* postings = nullptr;  ///< null: none
  std::uint32_t generation = 0;
  std::size_t rows = 0;  ///< with those of the index
};

}  // namespace glissade
