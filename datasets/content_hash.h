#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace glissade::datasets {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// XXH3-128 over the XXH3-128 values of 4 MiB blocks: all threads take part, the result does not depend on how many there are.
/// Not cryptographic: it tells files apart and finds damage, it does not resist somebody who forges. Calls done(block), if given,
/// from any thread once that block has been read.
Hash128 content_hash(const void* data, std::size_t bytes, const std::function<void(std::string_view)>& done = {});

/// content_hash() of bytes that come one piece after the other. Not for several threads at once.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;

  /// All threads take part where a piece is of many blocks.
  void add(const void* data, std::size_t bytes);
  /// Of all that was added.
  Hash128 value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 32 hexadecimal digits.
std::string hex(const Hash128& hash);

}  // namespace glissade::datasets
