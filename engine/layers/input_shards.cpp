#include "engine/layers/input_shards.h"

#include <utility>

namespace glissade {

const SparseRows& InputShards::own(const SparseRows& x) {
  offsets_.assign(1, 0);
  different_ = 0;
  ++use_;
  ids_.clear();
  values_.clear();
  for (std::size_t row = 0; row < x.rows(); ++row) {
    const auto ids = x.row_ids(row);
    const auto values = x.row_values(row);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!owners_.has(ids[i])) continue;
      const std::uint32_t place = owners_.place(ids[i]);
      ids_.push_back(place);
      different_ += std::exchange(last_use_[place], use_) != use_ ? 1 : 0;
      values_.push_back(values[i]);
    }
    offsets_.push_back(ids_.size());
  }
  own_ = {offsets_, ids_, values_};
  return own_;
}

}  // namespace glissade
