#include <glissade/row_order.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace glissade {
namespace {

constexpr std::size_t kRows = 131'072, kMostOfBlock = 4096;

/// Pairs of `count` things, in order: those that are among equal ones.
double ordered_pairs(double count) noexcept { return count * (count - 1); }

}  // namespace

RowOrder row_order(const SparseRows& labels, std::size_t block) {
  RowOrder order;
  if (block == 0 || labels.rows() <= block) return order;
  const std::size_t blocks = (labels.rows() + block - 1) / block, looked_at = std::min(block, kMostOfBlock);
  const std::size_t some = std::min(blocks, std::max<std::size_t>(2, kRows / looked_at));
  std::vector<std::pair<std::uint32_t, std::uint32_t>> found;  // label, block
  double rows = 0, near_pairs = 0, squares = 0;
  for (std::uint32_t i = 0; i < some; ++i) {
    const std::size_t first = i * blocks / some * block, end = std::min(labels.rows(), first + looked_at);
    for (std::size_t row = first; row < end; ++row) {
      for (const std::uint32_t label : labels.row_ids(row)) found.emplace_back(label, i);
    }
    const auto count = static_cast<double>(end - first);
    rows += count;
    near_pairs += ordered_pairs(count);
    squares += count * count;
  }
  std::ranges::sort(found);
  double near = 0, far = 0;
  for (std::size_t begin = 0; begin < found.size();) {
    const std::uint32_t label = found[begin].first;
    double all = 0, own_squares = 0;
    while (begin < found.size() && found[begin].first == label) {
      std::size_t end = begin;
      while (end < found.size() && found[end] == found[begin]) ++end;
      const auto count = static_cast<double>(end - begin);
      near += ordered_pairs(count);
      own_squares += count * count;
      all += count;
      begin = end;
    }
    far += all * all - own_squares;
  }
  order.near = near_pairs > 0 ? near / near_pairs : 0;
  order.far = rows * rows > squares ? far / (rows * rows - squares) : 0;
  order.shared = static_cast<std::uint64_t>(near / 2);
  return order;
}

}  // namespace glissade
