#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "hashing/word_table.h"

namespace glissade {

/// Names to numbers, in the order in which they come, with memory of its own for them. Movable.
class NameTable {
 public:
  /// The numbers of words, appended to `numbers`.
  void add(std::span<const hashing::HashedWord> names, std::vector<std::uint32_t>& numbers);
  std::uint32_t add(const hashing::HashedWord& name);
  std::uint32_t add(std::string_view name) { return add(hashing::HashedWord{name, hashing::hash_word(name)}); }
  /// WordTable::kNone if it has not come.
  std::uint32_t find(std::string_view name) const noexcept { return table_.find(name); }
  void find(std::span<const hashing::HashedWord> names, std::uint32_t* numbers) const noexcept { table_.find(names, numbers); }
  std::size_t size() const noexcept { return table_.size(); }
  const std::vector<std::string_view>& names() const noexcept { return table_.words(); }

 private:
  static constexpr std::size_t kChunk = std::size_t{1} << 16;
  std::string_view keep(std::string_view name);

  hashing::WordTable table_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t used_ = 0, size_ = 0;  ///< of the last chunk
};

}  // namespace glissade
