#include "apps/input/sequence_rows.h"

#include <algorithm>

#include "datasets/next_item_rows.h"

namespace glissade::apps {

SequenceRows::SequenceRows(const std::vector<std::string>& names, const SequenceNotes& notes) : notes_(notes) {
  for (const std::string& name : names) known_.add(name);
}

namespace {

/// The first word of a line, as datasets::append_items finds it.
std::string_view key_of(std::string_view line) noexcept {
  constexpr std::string_view kBlanks = " \t\r\v\f";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return line.substr(0, line.find_first_of(kBlanks));
}

}  // namespace

RowBlock SequenceRows::rows(std::string_view lines) {
  offsets_.assign(1, 0);
  seen_offsets_.assign(1, 0);
  seen_.clear();
  ids_.clear();
  values_.clear();
  users_.clear();
  const auto count = static_cast<std::uint32_t>(known_.size());
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    items_.clear();
    unknown_ += datasets::append_items(lines.substr(0, end), notes_.keyed, known_, items_);
    if (notes_.keyed) users_.emplace_back(key_of(lines.substr(0, end)));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    datasets::append_history(items_, notes_.rules, count, ids_, values_);
    offsets_.push_back(ids_.size());
    seen_.insert(seen_.end(), items_.begin(), items_.end());
    seen_offsets_.push_back(seen_.size());
    items_read_ += items_.size();
    ++read_;
  }
  return {{offsets_, ids_, values_}, users_, {}};
}

}  // namespace glissade::apps
