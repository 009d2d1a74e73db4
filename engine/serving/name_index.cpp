#include "engine/serving/name_index.h"

#include <xxhash.h>

#include <bit>
#include <utility>

namespace glissade {
namespace {

constexpr std::uint32_t kFree = 0xffffffffu;

std::size_t hash_of(std::string_view name) noexcept { return XXH3_64bits(name.data(), name.size()); }

}  // namespace

NameIndex::NameIndex(std::vector<std::string> names) {
  if (names.empty()) return;
  auto base = std::make_shared<Base>();
  base->names = std::move(names);
  base->table.assign(std::bit_ceil(2 * base->names.size()), kFree);
  const std::size_t mask = base->table.size() - 1;
  for (std::uint32_t i = 0; i < base->names.size(); ++i) {
    std::size_t at = hash_of(base->names[i]) & mask;
    while (base->table[at] != kFree && base->names[base->table[at]] != base->names[i]) at = (at + 1) & mask;
    if (base->table[at] == kFree) base->table[at] = i;
  }
  base_ = std::move(base);
}

std::string_view NameIndex::name(std::size_t i) const noexcept {
  const std::size_t before = base_ ? base_->names.size() : 0;
  if (i < before) return base_->names[i];
  return i - before < more_.size() ? std::string_view(more_[i - before]) : std::string_view();
}

std::optional<std::uint32_t> NameIndex::find(std::string_view name) const {
  if (base_) {
    const std::size_t mask = base_->table.size() - 1;
    for (std::size_t at = hash_of(name) & mask; base_->table[at] != kFree; at = (at + 1) & mask) {
      if (base_->names[base_->table[at]] == name) return base_->table[at];
    }
  }
  if (more_ids_.empty()) return std::nullopt;
  const auto found = more_ids_.find(std::string(name));
  return found == more_ids_.end() ? std::nullopt : std::optional(found->second);
}

void NameIndex::add(std::string name) {
  constexpr std::size_t kPart = 8, kLeast = 64;
  more_ids_.emplace(name, static_cast<std::uint32_t>(size()));
  more_.push_back(std::move(name));
  if (more_.size() >= kLeast && more_.size() * kPart >= size()) *this = NameIndex(names());
}

std::vector<std::string> NameIndex::names() const {
  std::vector<std::string> all;
  all.reserve(size());
  if (base_) all = base_->names;
  all.insert(all.end(), more_.begin(), more_.end());
  return all;
}

std::size_t NameIndex::memory_bytes() const noexcept {
  std::size_t bytes = base_ ? base_->table.size() * sizeof(std::uint32_t) : 0;
  for (std::size_t i = 0; i < size(); ++i) bytes += sizeof(std::string) + name(i).size();
  return bytes;
}

}  // namespace glissade
