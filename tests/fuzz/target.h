#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What each target of this folder defines: libFuzzer calls it with bytes that it makes up, replay.cpp with those of files.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace glissade::fuzz {

/// Bytes under a path, for readers that take one. They never touch a disk.
class InMemoryFile {
 public:
  explicit InMemoryFile(std::string_view bytes);
  InMemoryFile(const InMemoryFile&) = delete;
  InMemoryFile& operator=(const InMemoryFile&) = delete;
  ~InMemoryFile();
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// Ends the process, as a crash does, with `what` unless `holds`.
void require(bool holds, std::string_view what);

/// An error must be one line of text.
void require_one_line(const Error& error);

/// The value, or null where there is a good error instead.
template <class T>
const T* checked(const Result<T>& result) {
  if (result) return &*result;
  require_one_line(result.error());
  return nullptr;
}

/// TBB on the calling thread alone, so that an input always runs the same way. Call it first.
void single_threaded();

/// Takes the first byte off: a choice that the input makes. 0 where nothing is left.
std::uint8_t take_byte(std::string_view& input);

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace glissade::fuzz
