#include "hashing/group_codes.h"

#include <algorithm>
#include <cassert>
#include <vector>

namespace glissade::hashing {

void transpose_block(const float* rows, std::size_t stride, std::size_t count, std::size_t width, float* block) noexcept {
  assert(count <= kLanes);
  if (count < kLanes) std::fill_n(block, width * kLanes, 0.f);
  for (std::size_t lane = 0; lane < count; ++lane)
    for (std::size_t d = 0; d < width; ++d) block[d * kLanes + lane] = rows[lane * stride + d];
}

void group_codes(const Family& family, const float* rows, std::size_t stride, std::size_t width, std::size_t samples,
                 std::uint32_t* codes, std::size_t codes_stride, float bias) {
  const std::size_t dimension = family.params().dimension;
  const std::size_t tables = family.params().tables;
  assert(dimension >= width);
  assert(codes_stride >= padded(samples));
  static thread_local std::vector<float> block;
  static thread_local std::vector<std::uint32_t> block_codes;
  block.resize(dimension * kLanes);
  block_codes.resize(tables * kLanes);
  for (std::size_t first = 0; first < samples; first += kLanes) {
    const std::size_t count = std::min(kLanes, samples - first);
    transpose_block(rows + first * stride, stride, count, width, block.data());
    if (dimension > width) {
      std::fill_n(block.data() + width * kLanes, count, bias);
      std::fill(block.begin() + static_cast<std::ptrdiff_t>(width * kLanes + count), block.end(), 0.f);
    }
    family.codes(block.data(), block_codes.data());
    for (std::size_t t = 0; t < tables; ++t)
      std::copy_n(block_codes.data() + t * kLanes, kLanes, codes + t * codes_stride + first);
  }
}

}  // namespace glissade::hashing
