#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

/// The order of the answer. Total, because no two entries have the same index: that is what makes every level agree.
bool better(float value_a, std::uint32_t index_a, float value_b, std::uint32_t index_b) {
  return value_a > value_b || (value_a == value_b && index_a < index_b);
}

/// Lets the entry (i, v) sink from position `at` of a heap of `size` whose top is the worst entry.
void sink(std::uint32_t* index, float* value, std::size_t size, std::size_t at, std::uint32_t i, float v) {
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && better(value[child], index[child], value[child + 1], index[child + 1])) ++child;
    if (!better(v, i, value[child], index[child])) break;
    value[at] = value[child];
    index[at] = index[child];
    at = child;
  }
  value[at] = v;
  index[at] = i;
}

}  // namespace

std::size_t topk_offer(std::uint32_t* index, float* value, std::size_t size, std::size_t k, std::uint32_t i, float v) noexcept {
  if (size == k) {
    if (k > 0 && better(v, i, value[0], index[0])) sink(index, value, size, 0, i, v);
    return size;
  }
  std::size_t at = size;
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!better(value[parent], index[parent], v, i)) break;
    value[at] = value[parent];
    index[at] = index[parent];
    at = parent;
  }
  value[at] = v;
  index[at] = i;
  return size + 1;
}

void topk_finish(std::uint32_t* index, float* value, std::size_t size) noexcept {
  while (size > 1) {
    --size;
    const std::uint32_t i = index[size];
    const float v = value[size];
    index[size] = index[0];
    value[size] = value[0];
    sink(index, value, size, 0, i, v);
  }
}

std::size_t topk_f32(const float* z, std::size_t n, std::size_t k, std::uint32_t* index, float* value) noexcept {
  if (topk_sorts(n, k)) return topk_sorted(z, n, k, index, value);
  std::size_t size = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const bool is_nan = z[i] != z[i];
    if (!is_nan) size = topk_offer(index, value, size, k, static_cast<std::uint32_t>(i), z[i]);
  }
  topk_finish(index, value, size);
  return size;
}

}  // namespace glissade::simd::scalar
