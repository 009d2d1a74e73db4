#include "engine/batches/window_reader.h"

#include <algorithm>
#include <utility>

namespace glissade {

std::vector<OrderWindow> windows_of(std::span<const std::uint32_t> order, std::size_t block) {
  std::vector<OrderWindow> windows;
  std::vector<std::size_t> last;  // by block: the last window that has it, from 1
  for (std::size_t at = 0; at < order.size(); ++at) {
    const std::size_t its = order[at] / block;
    if (its >= last.size()) last.resize(its + 1, 0);
    if (!windows.empty() && last[its] == windows.size()) continue;
    if (windows.empty() || windows.back().blocks.size() == kBlocksPerWindow) {
      if (!windows.empty()) windows.back().end = at;
      windows.emplace_back();
    }
    windows.back().blocks.push_back(static_cast<std::uint32_t>(its));
    last[its] = windows.size();
  }
  if (!windows.empty()) windows.back().end = order.size();
  return windows;
}

WindowReader::WindowReader(const RowPager& pager, std::span<const std::uint32_t> order, std::size_t rows, std::size_t block,
                           std::uint32_t threads, const Wanted& wanted)
    : pager_(pager), rows_(rows), block_(block) {
  cut(order, wanted);
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

void WindowReader::cut(std::span<const std::uint32_t> order, const Wanted& wanted) {
  last_window_.assign((rows_ + block_ - 1) / block_, 0);
  std::size_t at = 0;
  for (OrderWindow& all : windows_of(order, block_)) {
    Window window{std::move(all), 0};
    if (wanted) {
      window.blocks.clear();
      for (; at < window.end; ++at) {
        const std::uint32_t block = order[at] / static_cast<std::uint32_t>(block_);
        if (last_window_[block] == windows_.size() + 1 || !wanted(at)) continue;
        window.blocks.push_back(block);
        last_window_[block] = windows_.size() + 1;
      }
    }
    if (window.blocks.empty()) continue;  // the next one begins earlier
    for (const std::uint32_t block : window.blocks) last_window_[block] = windows_.size() + 1;
    window.missing = window.blocks.size();
    windows_.push_back(std::move(window));
  }
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
