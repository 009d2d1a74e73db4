#include "apps/input/sequence_rows.h"

#include <algorithm>

#include "datasets/next_item_rows.h"

namespace glissade::apps {

SequenceRows::SequenceRows(const std::vector<std::string>& names, const SequenceNotes& notes) : notes_(notes) {
  for (const std::string& name : names) known_.add(name);
}

SparseRows SequenceRows::rows(std::string_view lines) {
  offsets_.assign(1, 0);
  seen_offsets_.assign(1, 0);
  seen_.clear();
  ids_.clear();
  values_.clear();
  const auto count = static_cast<std::uint32_t>(known_.size());
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    items_.clear();
    unknown_ += datasets::append_items(lines.substr(0, end), notes_.keyed, known_, items_);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    datasets::append_history(items_, notes_.rules, count, ids_, values_);
    offsets_.push_back(ids_.size());
    seen_.insert(seen_.end(), items_.begin(), items_.end());
    seen_offsets_.push_back(seen_.size());
    items_read_ += items_.size();
    ++read_;
  }
  return {offsets_, ids_, values_};
}

}  // namespace glissade::apps
