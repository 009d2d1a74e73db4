#include "engine/pipeline/name_table.h"

#include <algorithm>

namespace glissade {

std::string_view NameTable::keep(std::string_view name) {
  if (size_ - used_ < name.size()) {
    size_ = std::max(kChunk, name.size());
    chunks_.push_back(std::make_unique<char[]>(size_));
    used_ = 0;
  }
  char* const place = chunks_.back().get() + used_;
  std::ranges::copy(name, place);
  used_ += name.size();
  return {place, name.size()};
}

std::uint32_t NameTable::add(const hashing::HashedWord& name) {
  const std::uint32_t number = table_.find(name);
  return number != hashing::WordTable::kNone ? number : table_.add(hashing::HashedWord{keep(name.text), name.hash});
}

void NameTable::add(std::span<const hashing::HashedWord> names, std::vector<std::uint32_t>& numbers) {
  const std::size_t begin = numbers.size();
  numbers.resize(begin + names.size());
  table_.find(names, numbers.data() + begin);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::uint32_t& number = numbers[begin + i];
    if (number != hashing::WordTable::kNone) continue;
    number = add(names[i]);  // new, and perhaps twice in the batch
  }
}

}  // namespace glissade
