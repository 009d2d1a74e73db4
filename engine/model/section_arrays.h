#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <glissade/result.h>

#include "engine/model_file/container.h"
#include "engine/parameters/array.h"

namespace glissade {

/// A model file whose sections say what cannot be.
inline Error damaged(const model_file::Reader& reader, std::string_view what) {
  return runtime_error(
      fmt::format("'{}': {}; the file was not written whole by Glissade, use another copy", reader.path(), what));
}

/// An array without a shape to allocate by: a section's size is its array's. `copy`: into memory that training may change; else
/// it is borrowed from the mapping.
template <class T>
std::optional<Error> take(const model_file::Reader& reader, model_file::SectionKind kind, std::uint32_t index, bool copy,
                          Array<T>& array) {
  const auto bytes = reader.bytes(kind, index);
  if (bytes.size() % sizeof(T) != 0) {
    return damaged(reader, fmt::format("section {}.{} has {} bytes, no multiple of {}", static_cast<std::uint32_t>(kind), index,
                                       bytes.size(), sizeof(T)));
  }
  const std::size_t count = bytes.size() / sizeof(T);
  if (copy && count != 0) {
    array = Array<T>(count);
    std::memcpy(array.data(), bytes.data(), bytes.size());
  } else if (count != 0) {
    array = Array<T>(reader.mapping(), reinterpret_cast<const T*>(bytes.data()), count);
  }
  return std::nullopt;
}

}  // namespace glissade
