#include "engine/batches/label_share.h"

namespace glissade {

LabelShare::LabelShare(const DatasetView& data, RowShards* shards)
    : all_(data), own_(data), shards_(shards != nullptr && shards->size() > 1 ? shards : nullptr) {
  if (shards_ == nullptr) return;
  const RowOwners whose = owners();
  offsets_.reserve(data.size() + 1);
  offsets_.push_back(0);
  for (std::size_t row = 0; row < data.size(); ++row) {
    for (const std::uint32_t label : data.labels.row_ids(row)) {
      if (whose.has(label)) places_.push_back(whose.place(label));
    }
    offsets_.push_back(places_.size());
  }
  own_.labels = {offsets_, places_, {}};
  own_.label_count = static_cast<std::uint32_t>(whose.count(data.label_count));
}

}  // namespace glissade
