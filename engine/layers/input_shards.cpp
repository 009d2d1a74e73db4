#include "engine/layers/input_shards.h"

#include <utility>

namespace glissade {

void InputShards::fill(const SparseRows& x, Part& part) {
  part.offsets.assign(1, 0);
  part.different = 0;
  ++use_;
  part.ids.clear();
  part.values.clear();
  for (std::size_t row = 0; row < x.rows(); ++row) {
    const auto ids = x.row_ids(row);
    const auto values = x.row_values(row);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!owners_.has(ids[i])) continue;
      const std::uint32_t place = owners_.place(ids[i]);
      part.ids.push_back(place);
      part.different += std::exchange(last_use_[place], use_) != use_ ? 1 : 0;
      part.values.push_back(values[i]);
    }
    part.offsets.push_back(part.ids.size());
  }
  part.rows = {part.offsets, part.ids, part.values};
}

void InputShards::prepare(const SparseRows& x, std::uint64_t number) {
  fill(x, next_);
  next_.number = number;
}

const SparseRows& InputShards::own(const SparseRows& x, std::uint64_t number) {
  if (number != 0 && next_.number == number) {
    std::swap(current_, next_);
  } else {
    fill(x, current_);
  }
  next_.number = 0;
  return current_.rows;
}

}  // namespace glissade
