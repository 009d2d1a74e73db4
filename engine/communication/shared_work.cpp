#include "engine/communication/shared_work.h"

#include <algorithm>

namespace glissade {

SharedWork& SharedWork::alone() noexcept {
  static SharedWork work;
  return work;
}

SharedWork::Part SharedWork::part_of(std::size_t count, int rank) const noexcept {
  const std::size_t ranks = ranks_ == nullptr ? 1 : static_cast<std::size_t>(ranks_->size());
  const auto at = static_cast<std::size_t>(rank);
  return {count * at / ranks, count * (at + 1) / ranks};
}

void SharedWork::exchange_bytes(std::span<std::byte> all, std::size_t block) {
  if (ranks_ == nullptr || ranks_->is_alone() || error_) return;
  const std::size_t count = (all.size() + block - 1) / block;
  const auto begin = [&](std::size_t at) { return std::min(all.size(), at * block); };
  std::vector<std::size_t> sizes;
  for (int rank = 0; rank < ranks_->size(); ++rank) {
    const Part part = part_of(count, rank);
    sizes.push_back(begin(part.end) - begin(part.first));
  }
  const std::size_t first = begin(part(count).first);
  const std::span<const std::byte> mine = all.subspan(first, sizes[static_cast<std::size_t>(ranks_->rank())]);
  own_.assign(mine.begin(), mine.end());
  if (auto done = ranks_->all_gather_v(own_, sizes, all); !done) error_ = done.error();
}

}  // namespace glissade
