#include "engine/words/word_inputs.h"

#include <bit>
#include <cstring>

namespace glissade {

WordInputs::WordInputs(ParameterRows& rows, const SparseRows& bags, std::uint32_t reach)
    : rows_(rows),
      bags_(bags),
      kernels_(simd::kernels()),
      mask_(std::bit_ceil(std::size_t{2} * reach + 2) - 1),
      slots_(mask_ + 1),
      buffers_(2 * rows.stride() * (mask_ + 1)) {}

void WordInputs::enter(std::size_t place, std::uint32_t word) noexcept {
  const auto ids = bags_.row_ids(word);
  const std::size_t slot = place & mask_;
  if (ids.size() == 1) {
    slots_[slot] = rows_.weights.data() + ids[0] * rows_.stride();
    return;
  }
  float* const now = buffers_.data() + 2 * slot * rows_.stride();
  kernels_.bag_f32(rows_.weights.data(), rows_.stride(), ids.data(), bags_.row_values(word).data(), ids.size(), rows_.width(),
                   now);
  std::memcpy(now + rows_.stride(), now, rows_.width() * sizeof(float));
  slots_[slot] = now;
}

void WordInputs::leave(std::size_t place, std::uint32_t word) noexcept {
  const auto ids = bags_.row_ids(word);
  if (ids.size() == 1) return;
  float* const moved = slots_[place & mask_];
  kernels_.axpy_f32(-1.f, moved + rows_.stride(), moved, rows_.width());
  for (const std::uint32_t id : ids) kernels_.axpy_f32(1.f, moved, rows_.weights.data() + id * rows_.stride(), rows_.width());
}

}  // namespace glissade
