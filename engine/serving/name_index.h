#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace glissade {

/// Names by number, and numbers by name. Copies share all but the names that came last. Const members are thread-safe.
class NameIndex {
 public:
  NameIndex() = default;
  /// Where a name stands twice, its first number counts. O(names).
  explicit NameIndex(std::vector<std::string> names);

  std::size_t size() const noexcept { return (base_ ? base_->names.size() : 0) + more_.size(); }
  std::string_view name(std::size_t i) const noexcept;
  std::optional<std::uint32_t> find(std::string_view name) const;
  /// O(1) on average: what came last is put with the others when it has grown to an eighth of them.
  void add(std::string name);
  std::vector<std::string> names() const;
  std::size_t memory_bytes() const noexcept;

 private:
  /// Numbers in an open table, each at the first free place from its name's hash on.
  struct Base {
    std::vector<std::string> names;
    std::vector<std::uint32_t> table;
  };
  std::shared_ptr<const Base> base_;
  std::vector<std::string> more_;
  std::unordered_map<std::string, std::uint32_t> more_ids_;
};

}  // namespace glissade
