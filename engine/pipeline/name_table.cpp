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

std::uint32_t NameTable::add(std::string_view name) {
  const std::uint32_t known = table_.find(name);
  return known != hashing::WordTable::kNone ? known : table_.add(keep(name));
}

}  // namespace glissade
