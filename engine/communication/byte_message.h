#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace glissade {

/// Arrays one behind the other as bytes, each with its size before it.
template <class T>
void put_array(std::vector<std::byte>& bytes, const std::vector<T>& array) {
  static_assert(std::is_trivially_copyable_v<T>);
  const std::uint64_t size = array.size();
  const auto append = [&](const void* from, std::size_t count) {
    const auto* const begin = static_cast<const std::byte*>(from);
    bytes.insert(bytes.end(), begin, begin + count);
  };
  append(&size, sizeof size);
  append(array.data(), size * sizeof(T));
}

/// Reads them again, in the same order. They are what another rank of the same run has put: nothing is checked.
class ByteMessage {
 public:
  explicit ByteMessage(std::span<const std::byte> bytes) noexcept : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool is_at_end() const noexcept { return at_ == end_; }

  /// Appends the next array to `out`.
  template <class T>
  void append_to(std::vector<T>& out) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::uint64_t size = 0;
    std::memcpy(&size, at_, sizeof size);
    at_ += sizeof size;
    if (size == 0) return;
    const std::size_t before = out.size();
    out.resize(before + size);
    std::memcpy(out.data() + before, at_, size * sizeof(T));
    at_ += size * sizeof(T);
  }
  template <class T>
  std::vector<T> array() {
    std::vector<T> out;
    append_to(out);
    return out;
  }

 private:
  const std::byte* at_;
  const std::byte* end_;
};

}  // namespace glissade
