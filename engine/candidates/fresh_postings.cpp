#include "engine/candidates/fresh_postings.h"

namespace glissade {

FreshPostings::Chunk* FreshPostings::new_chunk(std::uint32_t capacity) {
  owned_chunks_.push_back(std::make_unique<Chunk>(capacity));
  bytes_.fetch_add(sizeof(Chunk) + capacity * sizeof(Entry), std::memory_order_relaxed);
  return owned_chunks_.back().get();
}

FreshPostings::Block& FreshPostings::block_of(std::uint32_t feature) {
  std::atomic<Block*>& place = blocks_[feature / kBlock];
  if (Block* const block = place.load(std::memory_order_relaxed)) return *block;
  owned_blocks_.push_back(std::make_unique<Block>());
  bytes_.fetch_add(sizeof(Block), std::memory_order_relaxed);
  place.store(owned_blocks_.back().get(), std::memory_order_release);
  return *owned_blocks_.back();
}

void FreshPostings::add(std::uint32_t feature, const Entry& entry) {
  List& list = block_of(feature)[feature % kBlock];
  if (list.last == nullptr) {
    list.last = new_chunk(kFirst);
    list.first.store(list.last, std::memory_order_release);
  }
  std::uint32_t size = list.last->size.load(std::memory_order_relaxed);
  if (size == list.last->capacity) {
    Chunk* const next = new_chunk(std::min(kLargest, 2 * size));
    list.last->next.store(next, std::memory_order_release);
    list.last = next;
    size = 0;
  }
  list.last->entries[size] = entry;
  list.last->size.store(size + 1, std::memory_order_release);
}

std::size_t FreshPostings::count(std::uint32_t feature, std::uint32_t generation) const noexcept {
  std::size_t count = 0;
  for (const Chunk* chunk = first(feature); chunk != nullptr; chunk = chunk->next.load(std::memory_order_acquire)) {
    const std::uint32_t size = chunk->size.load(std::memory_order_acquire);
    if (size == 0) break;
    const Entry* const begin = chunk->entries.get();
    if (begin[size - 1].generation <= generation) {
      count += size;
      continue;
    }
    const Entry* const end =
        std::partition_point(begin, begin + size, [=](const Entry& e) { return e.generation <= generation; });
    return count + static_cast<std::size_t>(end - begin);
  }
  return count;
}

}  // namespace glissade
