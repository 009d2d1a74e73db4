#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <glissade/row_order.h>
#include <glissade/row_pager.h>

namespace glissade {

inline constexpr std::size_t kBlocksPerWindow = kBlocksTogether;

/// A piece of an order that touches kBlocksPerWindow blocks at most.
struct OrderWindow {
  std::size_t end = 0;                ///< position in the order
  std::vector<std::uint32_t> blocks;  ///< in the order of their first rows
};

/// By the blocks that the order names, not by how it was made: rows may have been left out of it. Then a window may end in the
/// midst of a block, which the next one has, too.
std::vector<OrderWindow> windows_of(std::span<const std::uint32_t> order, std::size_t block);

/// Reads the rows of an epoch ahead of training, in an order that shuffle_in_blocks() made, with threads of its own: they wait
/// for a disk, and no thread that computes should. An order is cut into windows, pieces that touch kBlocksPerWindow blocks at
/// most; the queue of blocks to read is bounded, it reaches to the end of the window after the one that is trained on. What lies
/// behind is released. One thread calls.
class WindowReader {
 public:
  /// Whether the row at a position of the order is read at all.
  using Wanted = std::function<bool(std::size_t position)>;

  /// `order` must stay as it is while the reader lives. `rows`: of the data set. At least one thread is started. `wanted`: blocks
  /// without such a row are left alone; empty: all.
  WindowReader(const RowPager& pager, std::span<const std::uint32_t> order, std::size_t rows, std::size_t block,
               std::uint32_t threads, const Wanted& wanted = {});
  WindowReader(const WindowReader&) = delete;
  WindowReader& operator=(const WindowReader&) = delete;
  /// Releases all that is held.
  ~WindowReader();

  /// To be called before positions begin .. end - 1 of the order are read, in ascending order of `begin`: waits for them, and
  /// gives up the windows that end before `begin`.
  void advance(std::size_t begin, std::size_t end);

  /// Windows that are held or being read, for tests.
  std::size_t held() const;

 private:
  struct Window : OrderWindow {
    std::size_t missing = 0;  ///< blocks that have not been read yet
  };
  void cut(std::span<const std::uint32_t> order, const Wanted& wanted);
  void work();
  bool may_read() const noexcept { return next_window_ < windows_.size() && next_window_ < window_limit_; }
  void release(std::size_t block) const noexcept;

  const RowPager& pager_;
  std::size_t rows_, block_;
  std::vector<Window> windows_;
  std::vector<std::size_t> last_window_;  ///< by block: the last window that has it, from 1
  std::size_t front_ = 0;                 ///< first window that is held; only the calling thread changes it

  mutable std::mutex mutex_;  ///< guards what follows, and Window::missing
  std::condition_variable room_, arrived_;
  std::size_t next_window_ = 0, next_block_ = 0;  ///< what is read next
  std::size_t window_limit_ = 0;                  ///< windows below this may be read
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace glissade
