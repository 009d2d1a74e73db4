#include "engine/batches/window_reader.h"

#include <algorithm>

namespace glissade {

WindowReader::WindowReader(const RowPager& pager, std::span<const std::uint32_t> order, std::size_t rows, std::size_t block,
                           std::uint32_t threads)
    : pager_(pager), rows_(rows), block_(block) {
  cut(order);
  window_limit_ = 2;
  for (std::uint32_t i = 0; i < std::max(1u, threads); ++i) threads_.emplace_back([this] { work(); });
}

WindowReader::~WindowReader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (std::size_t w = front_; w < std::min(windows_.size(), next_window_ + 1); ++w) {
    for (const std::size_t block : windows_[w].blocks) release(block);
  }
}

/// By the blocks that the order names, not by how it was made: rows may have been left out of it. Then a window may end in the
/// midst of a block, which the next one has, too.
void WindowReader::cut(std::span<const std::uint32_t> order) {
  last_window_.assign((rows_ + block_ - 1) / block_, 0);
  for (std::size_t at = 0; at < order.size(); ++at) {
    const std::size_t block = order[at] / block_;
    if (!windows_.empty() && last_window_[block] == windows_.size()) continue;
    if (windows_.empty() || windows_.back().blocks.size() == kBlocksPerWindow) {
      if (!windows_.empty()) windows_.back().end = at;
      windows_.emplace_back();
    }
    windows_.back().blocks.push_back(static_cast<std::uint32_t>(block));
    last_window_[block] = windows_.size();
  }
  if (!windows_.empty()) windows_.back().end = order.size();
  for (Window& window : windows_) window.missing = window.blocks.size();
}

void WindowReader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    room_.wait(lock, [this] { return stopping_ || may_read(); });
    if (stopping_) return;
    Window& window = windows_[next_window_];
    const std::size_t begin = window.blocks[next_block_] * block_;
    if (++next_block_ == window.blocks.size()) {
      next_block_ = 0;
      ++next_window_;
    }
    lock.unlock();
    pager_.fetch(begin, std::min(rows_, begin + block_));
    lock.lock();
    if (--window.missing == 0) arrived_.notify_all();
  }
}

void WindowReader::release(std::size_t block) const noexcept {
  pager_.release(block * block_, std::min(rows_, (block + 1) * block_));
}

void WindowReader::advance(std::size_t begin, std::size_t end) {
  while (front_ < windows_.size() && windows_[front_].end <= begin) {
    ++front_;
    for (const std::size_t block : windows_[front_ - 1].blocks) {
      if (last_window_[block] == front_) release(block);
    }
  }
  std::size_t last = front_;
  while (last < windows_.size() && windows_[last].end < end) ++last;
  std::unique_lock lock(mutex_);
  if (next_window_ < front_) {  // an epoch that goes on in its midst
    next_window_ = front_;
    next_block_ = 0;
  }
  // The window after the last one that is needed now, but never a third: what is held stays bounded.
  window_limit_ = std::max(front_ + 2, last + 1);
  room_.notify_all();
  arrived_.wait(lock, [&] {
    for (std::size_t w = front_; w <= last && w < windows_.size(); ++w) {
      if (windows_[w].missing != 0) return false;
    }
    return true;
  });
}

std::size_t WindowReader::held() const {
  const std::lock_guard lock(mutex_);
  return std::min(windows_.size(), next_window_ + (next_block_ > 0 ? 1 : 0)) - front_;
}

}  // namespace glissade
