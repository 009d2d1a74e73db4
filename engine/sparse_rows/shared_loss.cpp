#include "engine/sparse_rows/shared_loss.h"

namespace glissade {

void SharedLoss::begin(std::span<const std::uint32_t> places) {
  ends_.assign(1, 0);
  ids_.clear();
  values_.clear();
  for (const std::uint32_t place : places) {
    for (const std::uint32_t label : labels_.all().labels.row_ids(rows_[place])) {
      ids_.push_back(label);
      if (!weights_.empty()) values_.push_back(weights_[label]);
    }
    ends_.push_back(ids_.size());
  }
  sums_.begin({ends_, ids_, values_});
}

bool SharedLoss::add_up() {
  sums_of_ranks_.add_up(sums_, {ends_, ids_, values_});
  return !labels_.shards()->error();
}

}  // namespace glissade
