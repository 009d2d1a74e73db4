#include "engine/learning/event_rows.h"

#include <algorithm>

namespace glissade {

void EventRows::add(const DatasetView& events, std::size_t row) {
  const auto ids = events.features.row_ids(row);
  const auto values = events.features.row_values(row);
  const auto labels = events.labels.row_ids(row);
  const auto vector = events.vectors.empty() ? std::span<const float>() : events.vectors.row(row);
  // First all the room: where memory runs out, nothing has been added.
  const auto make_room = [](auto& vector, std::size_t more) {
    if (vector.capacity() - vector.size() < more) vector.reserve(std::max(vector.size() + more, 2 * vector.capacity()));
  };
  make_room(feature_ids_, ids.size());
  make_room(values_, ids.size());
  make_room(label_ids_, labels.size());
  make_room(feature_offsets_, 1);
  make_room(label_offsets_, 1);
  make_room(numbers_, vector.size());
  make_room(places_, 1);
  feature_ids_.insert(feature_ids_.end(), ids.begin(), ids.end());
  if (values.empty()) {
    values_.insert(values_.end(), ids.size(), 1.f);
  } else {
    values_.insert(values_.end(), values.begin(), values.end());
  }
  label_ids_.insert(label_ids_.end(), labels.begin(), labels.end());
  feature_offsets_.push_back(feature_ids_.size());
  label_offsets_.push_back(label_ids_.size());
  width_ = events.vectors.width;
  places_.push_back(vector.empty() ? DenseRows::kNone : static_cast<std::uint32_t>(numbers_.size() / width_));
  numbers_.insert(numbers_.end(), vector.begin(), vector.end());
}

void EventRows::clear() {
  feature_offsets_.assign(1, 0);
  label_offsets_.assign(1, 0);
  feature_ids_.clear();
  label_ids_.clear();
  values_.clear();
  numbers_.clear();
  places_.clear();
}

DatasetView EventRows::view(std::uint32_t features, std::uint32_t labels) const noexcept {
  DatasetView view{features, labels, {feature_offsets_, feature_ids_, values_}, {label_offsets_, label_ids_, {}}};
  if (width_ != 0) view.vectors = {numbers_.data(), width_, width_, numbers_.size() / width_, places_};
  return view;
}

}  // namespace glissade
