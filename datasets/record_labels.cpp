#include "datasets/record_labels.h"

#include <algorithm>
#include <array>
#include <utility>

namespace glissade::datasets {
namespace {

using hashing::WordTable;

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

void BlockLabels::add(std::span<const std::string_view> texts, std::string_view separator) {
  const std::size_t begin = ids_.size();
  for (std::string_view text : texts) {
    while (!separator.empty()) {
      const std::size_t end = text.find(separator);
      if (end == std::string_view::npos) break;
      take(text.substr(0, end), begin);
      text.remove_prefix(end + separator.size());
    }
    take(text, begin);
  }
  ends_.push_back(static_cast<std::uint32_t>(ids_.size()));
}

void BlockLabels::take(std::string_view text, std::size_t begin) {
  const std::string_view name = trimmed(text);
  if (name.empty()) return;
  std::uint32_t id = table_.find(name);
  if (id == WordTable::kNone) id = table_.add(names_.emplace_back(name));
  const auto row = std::span(ids_).subspan(begin);
  if (std::ranges::find(row, id) == row.end()) ids_.push_back(id);
}

Result<void> LabelRows::put(std::size_t number, const BlockLabels& labels, std::span<const std::uint32_t> numbers,
                            std::uint32_t known) {
  Block& block = blocks_[number];
  std::vector<std::uint32_t> ids;
  ids.reserve(labels.ids().size());
  std::uint32_t most_unknown = 0;
  std::size_t begin = 0;
  for (const std::size_t end : labels.ends()) {
    std::uint32_t unknown = 0;
    const auto row = static_cast<std::ptrdiff_t>(ids.size());
    for (; begin < end; ++begin) {
      const std::uint32_t id = numbers[labels.ids()[begin]];
      ids.push_back(id != WordTable::kNone ? id : known + unknown++);
    }
    std::sort(ids.begin() + row, ids.end());
    unknown_ += unknown;
    most_unknown = std::max(most_unknown, unknown);
  }
  labels_ += ids.size();
  for (std::uint32_t seen = most_unknown_; seen < most_unknown && !most_unknown_.compare_exchange_weak(seen, most_unknown);) {
  }
  block.rows = labels.ends().size();
  block.labels = ids.size();
  const std::array parts = {std::as_bytes(std::span(labels.ends())), std::as_bytes(std::span(std::as_const(ids)))};
  block.is_stored = spill_.takes(parts[0].size() + parts[1].size());
  if (block.is_stored) return spill_.keep(first_ + number, parts);
  block.ends = labels.ends();
  block.ids = std::move(ids);
  return {};
}

/// Numbers of a block, in memory or, from `begin` on, `count` of those in the spill.
Result<void> LabelRows::read(std::size_t number, const std::vector<std::uint32_t>& in_memory, std::size_t begin,
                             std::size_t count, std::vector<std::uint32_t>& out) const {
  if (!blocks_[number].is_stored) {
    out = in_memory;
    return {};
  }
  out.resize(count);
  return spill_.read(first_ + number, begin * sizeof(std::uint32_t), std::as_writable_bytes(std::span(out)));
}

Result<void> LabelRows::ends(std::size_t number, std::vector<std::uint32_t>& out) const {
  const Block& block = blocks_[number];
  return read(number, block.ends, 0, block.rows, out);
}

Result<void> LabelRows::ids(std::size_t number, std::vector<std::uint32_t>& out) const {
  const Block& block = blocks_[number];
  return read(number, block.ids, block.rows, block.labels, out);
}

bool LabelRows::any_stored() const noexcept {
  return std::ranges::any_of(blocks_, [](const Block& block) { return block.is_stored; });
}

}  // namespace glissade::datasets
