#include "engine/neighbours/nearest.h"

#include <algorithm>

#include "simd/kernels.h"

namespace glissade {

void Nearest::choose(std::span<const std::uint32_t> rows, std::span<const float> likeness, std::size_t most) {
  places_.resize(most);
  values_.resize(most);
  count_ = simd::kernels().topk_f32(likeness.data(), likeness.size(), most, places_.data(), values_.data());
  if (count_ == 0 || count_ == likeness.size()) return;
  const float last = values_[count_ - 1];
  const auto first =
      static_cast<std::size_t>(std::ranges::lower_bound(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(count_),
                                                        last, std::ranges::greater()) -
                               values_.begin());
  if (static_cast<std::size_t>(std::ranges::count(likeness, last)) == count_ - first) return;
  equal_.clear();
  for (std::uint32_t i = 0; i < likeness.size(); ++i) {
    if (likeness[i] == last) equal_.push_back(i);
  }
  const auto chosen = equal_.begin() + static_cast<std::ptrdiff_t>(count_ - first);
  std::ranges::partial_sort(equal_, chosen, {}, [&](std::uint32_t place) { return rows[place]; });
  std::copy(equal_.begin(), chosen, places_.begin() + static_cast<std::ptrdiff_t>(first));
}

}  // namespace glissade
